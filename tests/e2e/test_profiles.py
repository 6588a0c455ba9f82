"""Starts of servers on the node: each profile as it says, by group; what cannot start says why; what ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from embedded.node.layout import NODE_NAME
from embedded.paths import find
from ops.smoke.kernel import CellFailed
from tests.e2e import spawning
from tests.e2e.browser import page_of, running_browser
from tests.e2e.keeping import deployment
from tests.e2e.person import Person
from tests.e2e.spawning import GPU, HALF, SLICE, SPAN, TURN, World, begin, over, ready, reason, server
from tests.e2e.visit import choose, forge, offered, sign_in

pytestmark = pytest.mark.node


@dataclass(frozen=True)
class Asked:
    """What somebody starts, and what it comes to: memory in MiB, GPUs or parts of them."""

    profile: str
    memory: int
    gpus: dict[str, int] = field(default_factory=dict)
    size: str = ""

    @property
    def choices(self) -> dict[str, str]:
        """What is chosen inside the profile."""
        return {"size": self.size} if self.size else {}


FIRST = {
    "starts-cpu": Asked("cpu-only", 256),
    "starts-large": Asked("cpu-only", 512, size="large"),
    "starts-gpus": Asked("gpu-large", 512, {GPU: 2}),
    "starts-slice": Asked("gpu-slice", 256, {SLICE: 1}),
}
# When the GPUs are free again.
SECOND = {
    "starts-gpu": Asked("gpu-standard", 256, {GPU: 1}),
    "starts-turn": Asked("gpu-turn", 256, {TURN: 1}),
}
_START = "#spawn_form button[type=submit]"


@dataclass(frozen=True)
class Scene:
    """All who start something, and when they began: what waits for something else waits at the same time."""

    world: World
    people: dict[str, Person]
    began: float
    hub_was: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    stack = deployment(tmp_path_factory.mktemp("spawning"), spawning.NAMESPACE, find())
    env = stack.engine.env
    with spawning.offered(env, spawning.OFFERED):
        try:
            found = World(stack)
            found.up(spawning.first_turn(stack.base))
            yield found
        finally:
            stack.end()


@pytest.fixture(scope="module")
def scene(world: World) -> Iterator[Scene]:
    """Everybody is there, and those have begun who wait for what will not come."""
    env, people = world.stack.engine.env, {}
    image = world.stack.base["images"]["notebook"]
    with ExitStack() as there:
        there.enter_context(spawning.leaving_slowly(env, image, HALF))
        for name in (*FIRST, "lives-elsewhere", "waits"):
            people[name] = world.comes(name)
        there.enter_context(spawning.made(env, *spawning.home_elsewhere(people["lives-elsewhere"])))
        found = Scene(world, people, time.monotonic(), world.restarts())
        assert begin(people["lives-elsewhere"], "cpu-only") == 202
        assert begin(people["waits"], "gpu-half") == 202
        yield found


@pytest.fixture(scope="module")
def browser(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    home = tmp_path_factory.mktemp("browser")
    with running_browser(home, [world.hub.authority], {spawning.HOST: world.hub.port}) as running:
        yield running


def is_as_it_says(person: Person, asked: Asked) -> None:
    """Look at the pod that runs."""
    pod = person.described()["spec"]
    (container,) = (one for one in pod["containers"] if one["name"] == "notebook")
    given = container["resources"]
    assert given["requests"]["memory"] == str(asked.memory * 1024**2)
    for part in ("requests", "limits"):
        assert {key: int(count) for key, count in given[part].items() if "/" in key} == asked.gpus
    large = asked.profile == "gpu-large"
    assert pod.get("nodeSelector", {}) == ({"kubernetes.io/hostname": NODE_NAME} if large else {})
    accepted = {one["key"] for one in pod["tolerations"] if one.get("effect") == "NoSchedule"}
    # A part of a GPU may lie on a node with the taint of its own name, or of whole ones.
    taints = {GPU, *asked.gpus} if asked.gpus else set()
    wanted = {"hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated", *taints}
    assert accepted == (wanted | {"machines"} if large else wanted)


@pytest.mark.parametrize("name", FIRST)
def test_a_profile_starts_with_what_it_says(scene: Scene, name: str) -> None:
    person, asked = scene.people[name], FIRST[name]
    assert begin(person, asked.profile, **asked.choices) in (201, 202)
    ready(person)
    is_as_it_says(person, asked)


def test_a_group_decides_and_a_forged_request_gets_a_refusal(
    scene: Scene, browser: Browser, artifacts: Path
) -> None:
    """Of GPUs somebody else sees nothing, by the page's own form or past it."""
    world, person = scene.world, scene.world.comes("forges")
    page = page_of(browser)
    sign_in(page, world.hub, person.name, world.hub.password)
    page.wait_for_url("**/hub/spawn**")
    assert offered(page) == ["cpu-only"]
    forge(page, "gpu-standard")
    expect(page.locator("main")).to_contain_text("not among yours: cpu-only")
    page.screenshot(path=artifacts / "not-your-group.png")
    for options in ({"profile": "gpu-slice"}, {"profile": "cpu-only", "image": "mine"}):
        refused = person.ask("POST", f"/hub/api/users/{person.name}/server", options)
        assert refused.status_code == 403, refused.text
    assert server(person) == {}
    page.context.close()


def test_a_gpu_that_is_not_free_is_said_on_the_page_and_to_whoever_forces_it(
    scene: Scene, browser: Browser, artifacts: Path
) -> None:
    world, person = scene.world, scene.world.comes("wants-gpu")
    page = page_of(browser)
    sign_in(page, world.hub, person.name, world.hub.password)
    page.wait_for_url("**/hub/spawn**")
    page.screenshot(path=artifacts / "no-gpu-is-free.png")
    expect(page.locator("#now-gpu-standard")).to_contain_text("0 of 2 GPUs free")
    expect(page.locator("#now-gpu-standard")).to_contain_text("No GPU is free: 2 of 2 are in use.")
    for slug in ("gpu-standard", "gpu-large"):
        expect(page.locator(f"#profile-item-{slug}")).to_be_disabled()
    expect(page.locator("#profile-item-cpu-only")).to_be_checked()
    forge(page, "gpu-standard")
    expect(page.locator("#not-started")).to_contain_text("No GPU is free: 2 of 2 are in use.")
    expect(page.locator("#not-started")).to_contain_text("Choose a smaller option, or try later.")
    page.screenshot(path=artifacts / "gpu-forced.png")
    page.context.close()


def test_a_quota_that_is_used_up_is_said_on_the_page_with_its_numbers(
    scene: Scene, browser: Browser, artifacts: Path
) -> None:
    """One slice is free, and the stack's own quota is at its end."""
    world, page = scene.world, page_of(browser)
    sign_in(page, world.hub, "wants-slice", world.hub.password)
    page.wait_for_url("**/hub/spawn**")
    expect(page.locator("#now-gpu-slice")).to_contain_text("1 of 2 GPU slices of size 1g.5gb free")
    choose(page, "gpu-slice")
    page.click(_START)
    said = page.locator("#not-started")
    expect(said).to_contain_text("The hub's quota has no room for one more server of this option")
    expect(said).to_contain_text("this needs 1, and 1 of 1 are in use")
    page.screenshot(path=artifacts / "quota-used-up.png")
    page.context.close()


def test_kernels_end_that_nobody_uses_and_none_that_computes(scene: Scene) -> None:
    person = scene.people["starts-cpu"]
    kernels = f"/user/{person.name}/api/kernels"
    assert person.cell("print(6 * 7)").strip() == "42"
    (idle,) = [one["id"] for one in person.ask("GET", kernels).json()]
    with pytest.raises(CellFailed, match="did not end in time"):
        person.cell("import time; time.sleep(600)", seconds=5)
    (busy,) = [one["id"] for one in person.ask("GET", kernels).json() if one["id"] != idle]
    end = time.monotonic() + SPAN
    while idle in (left := [one["id"] for one in person.ask("GET", kernels).json()]):
        assert time.monotonic() < end, left
        time.sleep(1)
    assert left == [busy]


def test_a_home_on_a_node_that_is_gone_is_said_within_two_minutes(scene: Scene) -> None:
    person = scene.people["lives-elsewhere"]
    over(person, scene.began)
    assert "Your home lies on a machine, or in a zone, where this option cannot run." in reason(person)
    assert f"jupyter-{person.name}" not in scene.world.hub.kubectl("get", "pods", "-o", "name")


def test_what_the_scheduler_does_not_place_is_said_within_two_minutes(scene: Scene) -> None:
    """A pod that leaves slowly holds what the page counted as free; the scheduler has the last word."""
    person = scene.people["waits"]
    over(person, scene.began)
    said = reason(person)
    assert "GPU slice of size 3g.20gb" in said
    assert "Choose a smaller option, or try later." in said


def test_the_hub_bore_every_failure(scene: Scene) -> None:
    """It ends itself at the second one in a row that counts."""
    assert scene.world.restarts() == scene.hub_was


def test_an_idle_server_with_a_gpu_ends_before_one_without(scene: Scene) -> None:
    """With shorter times, and servers that go on; those without a GPU are the older ones."""
    world = scene.world
    world.up(spawning.second_turn(world.stack.base))
    over(scene.people["starts-gpus"], time.monotonic())
    for name in ("starts-cpu", "starts-large"):
        assert server(scene.people[name])["ready"]


@pytest.mark.parametrize("name", SECOND)
def test_a_gpu_that_is_free_again_and_a_turn_on_one_are_had(scene: Scene, name: str) -> None:
    person = scene.world.comes(name)
    assert begin(person, SECOND[name].profile) in (201, 202)
    end = time.monotonic() + SPAN
    # Not until the hub has it ready: from then on it may end for being idle.
    while person.described().get("status", {}).get("phase") != "Running":
        assert time.monotonic() < end, person.told()
        time.sleep(0.3)
    is_as_it_says(person, SECOND[name])
