"""What users find in the image: contents, a greeting, examples that run, links to projects, VS Code."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from embedded.paths import CHECKOUT
from tests.e2e.browser import browser_page
from tests.e2e.first_cell import CELLS, first_cells
from tests.e2e.hub import Hub
from tests.e2e.person import Person
from tests.e2e.visit import sign_in

pytestmark = pytest.mark.node

IMAGE = CHECKOUT / "images/notebook"
# Those of the platform's services run where there are such services.
EXAMPLES = sorted(path.stem for path in (IMAGE / "examples").glob("*.ipynb"))
GIB = 1 << 30
# A repository that other computers would reach over the network, here over the pod's own loopback.
REPOSITORY = """
set -e
mkdir -p /tmp/served/course && cd /tmp/served/course
git init --quiet --initial-branch main
echo "lesson 1" > lesson.md
git add lesson.md
git -c user.name=t -c user.email=t@example.org commit --quiet --message first
git daemon --export-all --base-path=/tmp/served --listen=127.0.0.1 --reuseaddr --detach
"""


@dataclass(frozen=True)
class Visit:
    """Somebody's server of the default profile, in a browser and from inside."""

    hub: Hub
    page: Page
    name: str

    @property
    def url(self) -> str:
        return f"{self.hub.url}/user/{self.name}"

    def run(self, *command: str) -> str:
        """Run a program in the pod, as a terminal of the lab would: by a login shell."""
        inside = ["exec", f"jupyter-{self.name}", "-c", "notebook", "--", "bash", "-lc", '"$@"', "-"]
        return self.hub.kubectl(*inside, *command)


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory, artifacts: Path) -> Iterator[Visit]:
    hub, name = Hub.of_this_machine(), f"image-{secrets.token_hex(3)}"
    home = tmp_path_factory.mktemp("browser")
    with browser_page(home, [hub.authority], {"jupyterhub.localhost": hub.port}) as page:
        person = Person.signed_in(hub, name)
        person.start()
        try:
            sign_in(page, hub, name, hub.password)
            yield Visit(hub, page, name)
        finally:
            person.stop()


def test_the_image_holds_what_its_lock_says_and_runs_as_nobody_special(visit: Visit) -> None:
    lock = (IMAGE / "requirements.txt").read_text()
    pins = dict(re.findall(r"(?m)^([a-z0-9-]+)==([^ ]+) \\$", lock))
    listed = json.loads(visit.run("image-contents", "--json"))
    found = {re.sub("[-_.]+", "-", each["name"]).lower(): each["version"] for each in listed}
    assert {name: found.get(name) for name in pins} == pins
    assert [name for name in found if name.startswith("code-server")]
    page = (CHECKOUT / "docs/notebook-contents.md").read_text()
    row = "| {name} | {version} | {licence} |"
    assert [each["name"] for each in listed if row.format(**each) not in page] == []
    assert visit.run("sh", "-c", "id -u; id -g").split() == ["1000", "100"]
    refused = "touch /opt/notebook/x /usr/x /etc/x 2>&1 | grep -c denied"
    assert visit.run("sh", "-c", refused).strip() == "3"


def test_a_terminal_greets_with_limits_room_and_services(visit: Visit, artifacts: Path) -> None:
    # `-i` is what makes a shell somebody's terminal.
    greeting = visit.run("bash", "-lic", "true")
    (artifacts / "greeting.txt").write_text(greeting)
    assert f"Welcome, {visit.name}." in greeting
    assert re.search(r"2 processors, 1\.0 GiB of memory \(0\.\d GiB in use\), no GPU", greeting), greeting
    assert re.search(r"home +\d+\.\d GiB free of", greeting)
    assert visit.run("sh", "-c", "command -v python3").strip() == "/opt/notebook/bin/python3"


def test_what_is_reachable_is_a_page_of_the_lab(visit: Visit, artifacts: Path) -> None:
    visit.page.goto(f"{visit.url}/welcome/")
    expect(visit.page.locator("h1")).to_have_text(f"Welcome, {visit.name}")
    expect(visit.page.locator("table")).to_contain_text("1.0 GiB of memory")
    visit.page.screenshot(path=artifacts / "reachable.png")


def test_the_lab_shows_memory_beside_its_limit(visit: Visit, artifacts: Path) -> None:
    visit.page.goto(f"{visit.url}/api/metrics/v1")
    metrics = json.loads(visit.page.locator("body").inner_text())
    assert metrics["limits"]["memory"]["rss"] == GIB
    visit.page.goto(f"{visit.url}/lab")
    expect(visit.page.locator("#jp-main-statusbar")).to_contain_text("/ 1024.00 MB")
    expect(visit.page.locator('.jp-LauncherCard[title^="VS Code"]')).to_be_visible()
    visit.page.screenshot(path=artifacts / "launcher.png")


def test_a_new_notebook_computes(visit: Visit, artifacts: Path) -> None:
    """With how long it took, for whoever reads the artifacts: `python -m tests.measure.cells` has medians."""
    taken = first_cells(visit.page, f"{visit.url}/lab")
    assert list(taken) == list(CELLS)
    (artifacts / "first-cell.json").write_text(json.dumps(taken))


def test_a_server_runs_without_the_hubs_half_of_jupyterhub(visit: Visit) -> None:
    # Whoever imports sqlalchemy has its compiled parts among the files that it maps; tornado has some too.
    mapped = "for each in $(pgrep -f jupyterhub-singleuser); do cat /proc/$each/maps; done"
    maps = visit.run("sh", "-c", mapped)
    assert "/tornado/" in maps
    assert "/sqlalchemy/" not in maps


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs(visit: Visit, name: str) -> None:
    """From the folder that users see, into one of their own."""
    into = f"/tmp/{name}.ipynb"  # noqa: S108 (in the pod)
    command = ["papermill", "--no-progress-bar", "--log-level=ERROR", "--cwd", "/home/jovyan"]
    visit.run(*command, f"/home/jovyan/examples/{name}.ipynb", into)
    done = json.loads(visit.run("cat", into))
    code = [cell for cell in done["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    if name == "gpu":
        assert "This server has no GPU." in json.dumps(code)


def test_a_link_lays_out_a_project_and_keeps_what_its_user_changed(visit: Visit) -> None:
    visit.run("sh", "-c", REPOSITORY)
    asked = {"repo": "git://127.0.0.1/course", "branch": "main", "urlpath": "lab/tree/course/lesson.md"}
    link = f"{visit.url}/git-pull?{urlencode(asked)}"
    visit.page.goto(link)
    visit.page.wait_for_url("**/lab/tree/course/lesson.md**")
    assert visit.run("cat", "/home/jovyan/course/lesson.md") == "lesson 1\n"
    news = "echo mine > ~/course/notes.md; cd /tmp/served/course; echo 'lesson 2' > lesson.md; "
    visit.run("sh", "-c", news + "git -c user.name=t -c user.email=t@example.org commit --quiet -am second")
    visit.page.goto(link)
    visit.page.wait_for_url("**/lab/tree/course/lesson.md**")
    both = visit.run("sh", "-c", "cat ~/course/lesson.md ~/course/notes.md")
    assert both == "lesson 2\nmine\n"


def test_vs_code_opens_in_the_browser_with_the_home_and_a_shell(visit: Visit, artifacts: Path) -> None:
    page = visit.page
    page.goto(f"{visit.url}/code/")
    expect(page.locator(".monaco-workbench")).to_be_visible()
    # The listing comes over the editor's websocket, through hub's proxy and the user's server.
    expect(page.locator(".explorer-folders-view")).to_contain_text("examples")
    page.screenshot(path=artifacts / "code-server.png")
    # Its shell is a process of this pod: what it writes is there.
    page.keyboard.press("Control+Backquote")
    expect(page.locator(".terminal.xterm")).to_be_visible()
    page.locator(".terminal.xterm").click()
    page.keyboard.type("command -v python3 > from-vs-code.txt\n")
    expect(page.locator(".explorer-folders-view")).to_contain_text("from-vs-code.txt")
    assert visit.run("cat", "/home/jovyan/from-vs-code.txt").strip() == "/opt/notebook/bin/python3"
    assert page.locator(".notification-list-item-message", has_text="cannot").count() == 0
