"""What may reach what, with real pods on the running node: scenes of policies, connections tried in each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.netpol_cluster import Cluster, cluster, wait_for
from tests.e2e.netpol_scenes import BOTH, NO, SCENES, YES, Scene, app, team

pytestmark = pytest.mark.node

Json = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture(scope="module")
def outcomes(world: Cluster) -> dict[str, list[bool]]:
    """What came of each scene, played once, when its first case asks for it."""
    return {}


def resolved(world: Cluster, scene: Scene) -> list[tuple[str, Json]]:
    text = json.dumps(scene.policies)
    for name, address in world.addresses.items():
        text = text.replace(f"{{{name}}}", address)
    return [(namespace, spec) for namespace, spec in json.loads(text)]


def play(world: Cluster, scene: Scene) -> list[bool]:
    """Put the policies in force, and try until twice in a row everything is as expected, or time is up."""
    world.policies(resolved(world, scene))
    places = {"resolver": "kubernetes.default.svc.cluster.local", **world.addresses}
    wanted = [(source, (protocol, places[to], port)) for source, to, protocol, port, _ in scene.cases]
    expected = [case[-1] for case in scene.cases]
    end, good = time.monotonic() + 20, 0
    while True:
        got = world.reach(wanted)
        good = good + 1 if got == expected else 0
        if good == 2 or time.monotonic() > end:
            return got


CASES = [
    pytest.param(scene, number, id=f"{scene}: {case[0]} to {case[1]} {case[2]} {case[3]}")
    for scene, played in SCENES.items()
    for number, case in enumerate(played.cases)
]


@pytest.mark.parametrize(("scene", "number"), CASES)
def test_truth_table(world: Cluster, outcomes: dict[str, list[bool]], scene: str, number: int) -> None:
    if scene not in outcomes:
        outcomes[scene] = play(world, SCENES[scene])
    assert outcomes[scene][number] is SCENES[scene].cases[number][-1]


def reaches(world: Cluster, source: str, to: str, port: int = 8080) -> bool:
    return world.tries(source, [("TCP", world.addresses[to], port)]) == [True]


DENY: tuple[str, Json] = ("red", {"policyTypes": ["Ingress"]})


def test_the_table_has_at_least_forty_cases_of_both_kinds() -> None:
    expected = [case[-1] for scene in SCENES.values() for case in scene.cases]
    assert min(expected.count(YES), expected.count(NO)) >= 40


def test_a_connection_that_stands_lives_and_a_new_one_is_denied(world: Cluster) -> None:
    world.policies([])
    wait_for(lambda: reaches(world, "client", "web"), "web is open")
    assert world.ask("client", do="hold", address=world.addresses["web"], port=8080)
    world.policies([DENY])
    wait_for(lambda: not reaches(world, "client", "web"), "web is closed")
    assert world.ask("client", do="use")


def test_deleting_the_policy_opens_again(world: Cluster) -> None:
    world.policies([DENY])
    wait_for(lambda: not reaches(world, "client", "web"), "web is closed")
    world.policies([])
    wait_for(lambda: reaches(world, "client", "web"), "web is open")


def test_a_changed_label_of_a_pod_changes_what_it_may(world: Cluster) -> None:
    world.policies([("red", {"ingress": [{"from": [{**team("blue"), **app("trusted")}]}]})])
    wait_for(lambda: not reaches(world, "db", "web"), "db is refused")
    path = world.path("blue", "pods", "db")
    world.call("PATCH", path, {"metadata": {"labels": {"app": "trusted"}}}, patch=True)
    wait_for(lambda: reaches(world, "db", "web"), "db is let in")
    world.call("PATCH", path, {"metadata": {"labels": {"app": "db"}}}, patch=True)
    wait_for(lambda: not reaches(world, "db", "web"), "db is refused again")


def test_a_changed_label_of_a_namespace_changes_what_its_pods_may(world: Cluster) -> None:
    world.policies([("red", {"ingress": [{"from": [team("trusted")]}]})])
    wait_for(lambda: not reaches(world, "other", "web"), "other is refused")
    path = f"/api/v1/namespaces/{world.namespace('green')}"
    world.call("PATCH", path, {"metadata": {"labels": {"team": "trusted"}}}, patch=True)
    wait_for(lambda: reaches(world, "other", "web"), "other is let in")
    world.call("PATCH", path, {"metadata": {"labels": {"team": "green"}}}, patch=True)
    wait_for(lambda: not reaches(world, "other", "web"), "other is refused again")


NEWCOMERS = ("first", "second", "third")


def hurry(world: Cluster, *names: str) -> None:
    """New pods in blue that connect to web in a tight loop from their first instruction on."""
    for name in names:
        world.pod("blue", name, {"app": name}, env={"AGENT_RACE": f"{world.addresses['web']}:8080"})
    for name in names:
        world.ready("blue", name)


def race(world: Cluster, name: str) -> dict[str, float]:
    seen = world.ask(name, do="race")
    assert isinstance(seen, dict)
    return seen


def test_a_new_pod_never_gets_through_before_its_rules_and_its_probe_succeeds(world: Cluster) -> None:
    world.policies([("blue", {"policyTypes": BOTH})])
    wait_for(lambda: not reaches(world, "client", "web"), "blue is closed")
    # That they become ready under default deny says that the node's probe is not judged.
    hurry(world, *NEWCOMERS)
    time.sleep(2)
    for name in NEWCOMERS:
        seen = race(world, name)
        assert seen["tries"] > 3
        assert seen["successes"] == 0
    world.policies([])
    wait_for(lambda: all(reaches(world, name, "web") for name in NEWCOMERS), "the newcomers are free")


def test_a_new_pod_that_may_gets_through_soon(world: Cluster) -> None:
    world.policies([])
    hurry(world, "guest")
    wait_for(lambda: race(world, "guest")["successes"], "the guest got through")
    # Far above what it takes (less than the kubelet needs to report an address): the machine may be busy.
    assert race(world, "guest")["waited"] < 10
