"""The start of a server in a real hub: what the page offers, and what it says when one does not start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader  # type: ignore[import-not-found, unused-ignore]  # of the hub

from tests.hub.page_reading import Read, faults
from tests.hub.running import RunningHub
from tests.hub.starting import Person, holder, hub_of, node
from tests.unit.documents import PROJECT

UNSCHEDULABLE = {
    "phase": "Pending",
    "conditions": [
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: "
            "1 No preemption victims found for incoming pod.",
        }
    ],
}
PULLING = {
    "phase": "Pending",
    "containerStatuses": [
        {
            "image": "registry.example/notebook:9",
            "state": {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}},
        }
    ],
}
QUOTA = (
    'pods "jupyter-ada" is forbidden: exceeded quota: jupyterhub, requested: requests.memory=4Gi, '
    "used: requests.memory=30Gi, limited: requests.memory=32Gi"
)


def option(slug: str, **more: object) -> dict[str, object]:
    share = {"cpu": {"guarantee": "50m", "limit": "1"}, "memory": {"guarantee": "256Mi", "limit": "1Gi"}}
    return {"name": slug.upper(), "slug": slug, **share, **more}


STARTS = {
    "full": {"pod": UNSCHEDULABLE},
    "gone": {"pod": PULLING},
    "quota": {"refused": QUOTA},
    "broken": {"breaks": "a fault of the hub"},
    "": {"pod": UNSCHEDULABLE},
}
PROFILES = [
    option("full", default=True),
    option("gone"),
    option("quota"),
    option("broken"),
    option("one", gpu={"count": 1}),
    option("two", gpu={"count": 2}),
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    said = {"nodes": [node(2)], "pods": [holder(1)], "starts": STARTS}
    patch = {
        "profiles": PROFILES,
        "hub": {"limits": {"consecutiveFailures": 3, "concurrentSpawns": 8, "activeServers": 8}},
    }
    with hub_of(tmp_path_factory.mktemp("spawning"), said, patch) as running:
        yield running


def reason(person: Person) -> str:
    """What the page says once the start has failed."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        page = Read(person.get(f"spawn-pending/{person.name}").text)
        if page.has("not-started-reason") and page.find("not-started-reason").text.strip():
            return " ".join(page.find("not-started-reason").text.split())
        time.sleep(0.2)
    raise AssertionError("the page never said anything")


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        ("full", "No machine has enough memory free for this option. Choose a smaller option, or try later."),
        ("gone", "The image registry.example/notebook:9 is not there. Choose another option."),
        (
            "quota",
            "The hub's quota has no room for one more server of this option (memory: this needs 4Gi, and "
            "30Gi of 32Gi are in use). Choose a smaller option, or try later.",
        ),
        ("two", "2 GPUs are needed, and 1 of 2 are free. Choose a smaller option, or try later."),
        ("broken", "Something went wrong in the hub. Try again in some minutes."),
    ],
)
def test_a_start_that_fails_says_why_and_leads_back(hub: RunningHub, profile: str, says: str) -> None:
    person = Person(hub, f"reads-{profile}")
    person.start(profile)
    assert reason(person) == says
    page = person.get(f"spawn-pending/{person.name}")
    assert faults(page.text) == []
    read = Read(page.text)
    assert "platform@hub.example" in read.find("not-started").text
    assert read.find("start").text == "Choose again"
    assert person.get("spawn").status_code == 200


def test_choices_that_cannot_start_do_not_restart_the_hub(hub: RunningHub) -> None:
    # Three failures in a row would.
    for number in range(5):
        person = Person(hub, f"unlucky-{number}")
        person.start("full")
        reason(person)
    time.sleep(3)
    assert Person(hub, "afterwards").get("spawn").status_code == 200
    assert "consecutive spawn failures" not in hub.log.read_text()


def test_the_page_says_how_many_gpus_are_free_and_closes_what_cannot_start(hub: RunningHub) -> None:
    page = Person(hub, "looks").get("spawn").text
    assert faults(page) == []
    read = Read(page)
    assert read.find("now-one").attributes["data-free"] == "1 of 2 GPUs free"
    assert "2 GPUs are needed, and 1 of 2 are free." in read.find("now-two").text
    assert "disabled" in read.find("profile-item-two").attributes
    assert "disabled" not in read.find("profile-item-one").attributes
    assert "checked" in read.find("profile-item-full").attributes
    assert "now-two" in read.find("profile-item-two").attributes["aria-describedby"]
    assert "TWO" in read.find("closed-options").text


def test_a_cluster_that_does_not_answer_leaves_the_page_as_it_is(tmp_path: Path) -> None:
    with hub_of(tmp_path, {"nodes": None, "starts": STARTS}, {"profiles": PROFILES}) as silent:
        person = Person(silent, "looks")
        page = Read(person.get("spawn").text)
        assert not page.has("now-one")
        assert "disabled" not in page.find("profile-item-two").attributes
        assert "1 hour" in page.find("culling").text


def test_where_nodes_are_added_a_start_waits_for_one(tmp_path: Path) -> None:
    patch = {"profiles": PROFILES, "cluster": {"autoscaled": True}}
    with hub_of(tmp_path, {"nodes": [node(1)], "pods": [holder(1)], "starts": STARTS}, patch) as growing:
        person = Person(growing, "waits")
        page = Read(person.get("spawn").text)
        assert "A machine is added for you" in page.find("now-two").text
        assert "disabled" not in page.find("profile-item-two").attributes
        person.start("full")
        time.sleep(3)
        waiting = Read(person.get(f"spawn-pending/{person.name}").text)
        assert "Your server starts" in waiting.all("title")[0].text


@pytest.mark.parametrize(
    ("spawns", "servers", "says"),
    [
        (1, 9, "Many servers are starting at this moment."),
        (9, 1, "All places are taken: this hub runs no more servers at the same time."),
    ],
)
def test_a_full_hub_says_so_on_the_page(tmp_path: Path, spawns: int, servers: int, says: str) -> None:
    limits = {"limits": {"concurrentSpawns": spawns, "activeServers": servers}}
    patch = {"profiles": PROFILES, "hub": limits, "cluster": {"autoscaled": True}}
    with hub_of(tmp_path, {"starts": STARTS}, patch) as small:
        Person(small, "first").start("full")
        answer = Person(small, "second").start("full")
        assert answer.status_code == 429
        said = " ".join(Read(answer.text).find("not-started").text.split())
        assert says in said
        assert "platform@hub.example" in said


def test_the_options_are_drawn_by_an_older_kubespawner_too() -> None:
    # 7.0 does not tell the template what somebody chose last, and escapes nothing.
    drawn = Environment(loader=FileSystemLoader(PROJECT / "files" / "hub" / "options"))  # noqa: S701
    page = drawn.get_template("form.html").render(
        profile_list=[{"slug": "a", "display_name": "<A>", "default": True}]
    )
    assert 'id="profile-item-a"' in page
    assert "&lt;A&gt;" in page
