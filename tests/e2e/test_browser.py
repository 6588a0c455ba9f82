"""What a data scientist does first: sign in over HTTPS, start a server, run a cell, find the file again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import browser_page
from tests.e2e.hub import Hub
from tests.e2e.notices import answered_in_time
from tests.e2e.visit import run_cell, sign_in, start_server, stop_server

pytestmark = pytest.mark.node


@pytest.fixture
def page(hub: Hub, tmp_path: Path, artifacts: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    with browser_page(tmp_path, [hub.authority], {"jupyterhub.localhost": hub.port}) as opened:
        yield opened
        # What a failed test saw last.
        opened.screenshot(path=artifacts / f"{request.node.name}.png")


@pytest.fixture
def visitor() -> str:
    """A name that nobody had before: no server and no home of an earlier run."""
    return f"visitor-{secrets.token_hex(3)}"


def test_a_user_works_stops_the_server_and_finds_the_work_again(
    page: Page, hub: Hub, visitor: str, artifacts: Path
) -> None:
    sign_in(page, hub, visitor, hub.password)
    page.wait_for_url("**/hub/spawn**")
    page.screenshot(path=artifacts / "profiles.png")
    start_server(page)
    run_cell(page)
    page.screenshot(path=artifacts / "cell.png")
    # An hour without use ends a server here, and the cell has just run.
    assert answered_in_time(page) > 3500
    page.keyboard.press("Control+s")
    page.click(".jp-Dialog button.jp-mod-accept")  # it asks once for a better name than Untitled
    expect(page.locator(".jp-Dialog")).to_have_count(0)

    stop_server(page, hub)
    pod = f"jupyter-{visitor}"
    hub.kubectl("wait", "--for=delete", f"pod/{pod}", "--timeout=120s")
    assert hub.kubectl("get", "persistentvolumeclaim", f"claim-{visitor}", "-o", "name")

    page.goto(f"{hub.url}/hub/spawn")
    start_server(page)
    expect(page.locator(".jp-DirListing-content")).to_contain_text("Untitled.ipynb")
    stop_server(page, hub)


def test_a_server_with_a_gpu_gets_exactly_one(page: Page, hub: Hub, visitor: str) -> None:
    sign_in(page, hub, visitor, hub.password)
    page.wait_for_url("**/hub/spawn**")
    page.get_by_text("GPU-standard").click()
    start_server(page)
    pod = f"jupyter-{visitor}"
    wanted = "jsonpath={.spec.containers[0].resources.limits['nvidia\\.com/gpu']}"
    assert hub.kubectl("get", "pod", pod, "-o", wanted) == "1"
    stop_server(page, hub)


def test_a_wrong_password_is_refused(page: Page, hub: Hub, visitor: str) -> None:
    sign_in(page, hub, visitor, "not the password")
    expect(page.locator("#refusal")).to_have_attribute("data-reason", "wrong_password")
    assert "/hub/login" in page.url
