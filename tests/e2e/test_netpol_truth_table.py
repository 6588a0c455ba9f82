"""What may reach what, with real pods on the running node: scenes of policies, and connections tried in each.

A case reads: from, to, protocol, port, expected. Its names: pods web and api in namespace red, client and db
in blue, other (labelled as client is) in green; onhost is a pod on the host's network, node the host itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from embedded.node.layout import NODE_IP
from tests.e2e.netpol_cluster import ON_HOST, Cluster, cluster, wait_for

pytestmark = pytest.mark.node

Json = dict[str, Any]
YES, NO = True, False
Case = tuple[str, str, str, int, bool]
BOTH = ["Ingress", "Egress"]


def app(name: str) -> Json:
    return {"podSelector": {"matchLabels": {"app": name}}}


def team(name: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {"team": name}}}


def selector(key: str, operator: str, *values: str) -> Json:
    return {
        "matchExpressions": [{"key": key, "operator": operator, **({"values": values} if values else {})}]
    }


@dataclass(frozen=True)
class Scene:
    """Policies by namespace, `{name}` standing for an address, and what then is possible."""

    policies: list[tuple[str, Json]]
    cases: list[Case]


SCENES = {
    "no policy: everything is open": Scene(
        [],
        [
            ("client", "web", "TCP", 8080, YES),
            ("other", "web", "UDP", 5353, YES),
            ("client", "web", "ICMP", 0, YES),
            ("client", "web-service", "TCP", 80, YES),
            ("client", "web-service", "UDP", 53, YES),
            ("client", "onhost", "TCP", ON_HOST, YES),
            ("client", "onhost", "OPEN", 6443, YES),
            ("client", "kubernetes", "OPEN", 443, YES),
            ("client", "resolver", "DNS", 53, YES),
            ("node", "web", "TCP", 8080, YES),
        ],
    ),
    "default deny ingress": Scene(
        [("red", {"policyTypes": ["Ingress"]})],
        [
            ("client", "web", "TCP", 8080, NO),
            ("api", "web", "TCP", 8080, NO),
            ("client", "web", "UDP", 5353, NO),
            ("client", "web", "ICMP", 0, NO),
            ("client", "web-service", "TCP", 80, NO),
            ("client", "web-service", "UDP", 53, NO),
            ("node", "web", "TCP", 8080, YES),
            ("onhost", "web", "TCP", 8080, YES),
            ("web", "web", "TCP", 8080, YES),
            ("web", "web-service", "TCP", 80, YES),
            ("web", "client", "TCP", 8080, YES),
            ("web", "resolver", "DNS", 53, YES),
            ("client", "db", "TCP", 8080, YES),
        ],
    ),
    "default deny egress": Scene(
        [("red", {"policyTypes": ["Egress"]})],
        [
            ("web", "client", "TCP", 8080, NO),
            ("web", "client", "UDP", 5353, NO),
            ("web", "api", "TCP", 8080, NO),
            ("web", "resolver", "DNS", 53, NO),
            ("web", "onhost", "OPEN", 6443, NO),
            ("web", "kubernetes", "OPEN", 443, NO),
            ("web", "onhost", "TCP", ON_HOST, NO),
            ("web", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, YES),
            ("node", "web", "TCP", 8080, YES),
        ],
    ),
    "podSelector means pods of the policy's own namespace": Scene(
        [
            (
                "red",
                {
                    "podSelector": app("web")["podSelector"],
                    "ingress": [{"from": [app("api"), app("client")]}],
                },
            )
        ],
        [
            ("api", "web", "TCP", 8080, YES),
            ("api", "web-service", "TCP", 80, YES),
            ("client", "web", "TCP", 8080, NO),
            ("other", "web", "TCP", 8080, NO),
            ("client", "api", "TCP", 8080, YES),
        ],
    ),
    "namespaceSelector": Scene(
        [("red", {"ingress": [{"from": [team("blue")]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("db", "web-service", "TCP", 80, YES),
            ("other", "web", "TCP", 8080, NO),
            ("api", "web", "TCP", 8080, NO),
        ],
    ),
    "namespaceSelector and podSelector in one peer": Scene(
        [("red", {"ingress": [{"from": [{**team("blue"), **app("client")}]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("db", "web", "TCP", 8080, NO),
            ("other", "web", "TCP", 8080, NO),
        ],
    ),
    "namespaceSelector and podSelector as two peers": Scene(
        [("red", {"ingress": [{"from": [team("blue"), app("api")]}]})],
        [
            ("db", "web", "TCP", 8080, YES),
            ("api", "web", "TCP", 8080, YES),
            ("other", "web", "TCP", 8080, NO),
        ],
    ),
    "In and NotIn": Scene(
        [
            (
                "red",
                {
                    "podSelector": selector("app", "In", "web", "none"),
                    "ingress": [
                        {
                            "from": [
                                {"namespaceSelector": {}, "podSelector": selector("app", "NotIn", "client")}
                            ]
                        }
                    ],
                },
            )
        ],
        [
            ("db", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
            ("other", "web", "TCP", 8080, NO),
            ("client", "api", "TCP", 8080, YES),
        ],
    ),
    "Exists and DoesNotExist": Scene(
        [
            ("red", {"podSelector": selector("app", "Exists"), "ingress": []}),
            ("blue", {"podSelector": selector("app", "DoesNotExist"), "ingress": []}),
        ],
        [("client", "web", "TCP", 8080, NO), ("web", "client", "TCP", 8080, YES)],
    ),
    "an empty podSelector is the whole namespace, an empty namespaceSelector the whole cluster": Scene(
        [
            ("red", {"ingress": [{"from": [{"podSelector": {}}]}]}),
            ("blue", {"ingress": [{"from": [{"namespaceSelector": {}}]}]}),
        ],
        [
            ("api", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
            ("other", "client", "TCP", 8080, YES),
            ("web", "db", "TCP", 8080, YES),
        ],
    ),
    "an empty rule allows everything": Scene(
        [("red", {"policyTypes": BOTH, "ingress": [{}], "egress": [{}]})],
        [
            ("other", "web", "TCP", 8082, YES),
            ("web", "client", "UDP", 5353, YES),
            ("web", "resolver", "DNS", 53, YES),
        ],
    ),
    "a block with an exception": Scene(
        [
            (
                "red",
                {"ingress": [{"from": [{"ipBlock": {"cidr": "10.201.0.0/24", "except": ["{client}/32"]}}]}]},
            )
        ],
        [
            ("db", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
            ("db", "web-service", "TCP", 80, YES),
            ("client", "web-service", "TCP", 80, NO),
        ],
    ),
    "egress to the API server only": Scene(
        [
            (
                "red",
                {
                    "policyTypes": ["Egress"],
                    "egress": [
                        {"to": [{"ipBlock": {"cidr": f"{NODE_IP}/32"}}], "ports": [{"port": 6443}]},
                    ],
                },
            )
        ],
        [
            ("web", "onhost", "OPEN", 6443, YES),
            ("web", "kubernetes", "OPEN", 443, YES),
            ("web", "onhost", "TCP", ON_HOST, NO),
            ("web", "resolver", "DNS", 53, NO),
            ("web", "client", "TCP", 8080, NO),
        ],
    ),
    "egress to DNS only": Scene(
        [("red", {"policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]})],
        [
            ("web", "resolver", "DNS", 53, YES),
            ("web", "onhost", "OPEN", 53, NO),
            ("web", "kubernetes", "OPEN", 443, NO),
            ("web", "client", "UDP", 5353, NO),
        ],
    ),
    "a large block without the pods": Scene(
        [
            (
                "red",
                {
                    "policyTypes": ["Egress"],
                    "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.201.0.0/24"]}}]}],
                },
            )
        ],
        [
            ("web", "onhost", "OPEN", 6443, YES),
            ("web", "kubernetes", "OPEN", 443, YES),
            ("web", "resolver", "DNS", 53, YES),
            ("web", "web", "TCP", 8080, YES),
            ("web", "client", "TCP", 8080, NO),
        ],
    ),
    "one port": Scene(
        [("red", {"ingress": [{"ports": [{"port": 8080}]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8081, NO),
            ("client", "web", "UDP", 8080, NO),
            ("client", "web-service", "TCP", 80, YES),
        ],
    ),
    "a range of ports": Scene(
        [("red", {"ingress": [{"ports": [{"port": 8081, "endPort": 8082}]}]})],
        [
            ("client", "web", "TCP", 8080, NO),
            ("client", "web", "TCP", 8081, YES),
            ("client", "web", "TCP", 8082, YES),
        ],
    ),
    "UDP only": Scene(
        [("red", {"ingress": [{"ports": [{"protocol": "UDP", "port": 5353}]}]})],
        [
            ("client", "web", "UDP", 5353, YES),
            ("client", "web-service", "UDP", 53, YES),
            ("client", "web", "UDP", 8080, NO),
            ("client", "web", "TCP", 8080, NO),
            ("client", "web", "ICMP", 0, NO),
        ],
    ),
    "a protocol without port is all its ports": Scene(
        [("red", {"ingress": [{"ports": [{"protocol": "UDP"}]}]})],
        [
            ("client", "web", "UDP", 5353, YES),
            ("client", "web", "UDP", 8080, YES),
            ("client", "web", "TCP", 8080, NO),
        ],
    ),
    "a named port is each pod's own": Scene(
        [("red", {"ingress": [{"ports": [{"port": "http"}]}]})],
        [
            ("client", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8081, NO),
            ("client", "api", "TCP", 8081, YES),
            ("client", "api", "TCP", 8080, NO),
            ("client", "web-service", "TCP", 80, YES),
        ],
    ),
    "a named port of egress is the destination's": Scene(
        [
            (
                "blue",
                {
                    "policyTypes": ["Egress"],
                    "egress": [
                        {
                            "to": [team("red")],
                            "ports": [{"port": "http"}, {"port": "dns", "protocol": "UDP"}],
                        }
                    ],
                },
            )
        ],
        [
            ("client", "web", "TCP", 8080, YES),
            ("client", "web", "TCP", 8081, NO),
            ("client", "api", "TCP", 8081, YES),
            ("client", "api", "TCP", 8080, NO),
            ("client", "web", "UDP", 5353, YES),
            ("client", "api", "UDP", 5353, NO),
            ("client", "web-service", "TCP", 80, YES),
        ],
    ),
    "policies add up": Scene(
        [
            ("red", {"policyTypes": ["Ingress"]}),
            ("red", {"ingress": [{"from": [team("green")]}]}),
            ("red", {"ingress": [{"from": [{**team("blue"), **app("db")}], "ports": [{"port": 8082}]}]}),
        ],
        [
            ("other", "web", "TCP", 8080, YES),
            ("db", "web", "TCP", 8082, YES),
            ("db", "web", "TCP", 8080, NO),
            ("client", "web", "TCP", 8082, NO),
        ],
    ),
    "both ends must agree": Scene(
        [
            ("blue", {"policyTypes": ["Egress"], "egress": [{"to": [team("red")]}]}),
            ("red", {"ingress": [{"from": [{**team("blue"), **app("client")}]}]}),
        ],
        [
            ("client", "web", "TCP", 8080, YES),
            ("db", "web", "TCP", 8080, NO),
            ("client", "other", "TCP", 8080, NO),
            ("other", "client", "TCP", 8080, YES),
        ],
    ),
    "an egress section without policyTypes closes ingress too": Scene(
        [("red", {"egress": [{"to": [team("blue")]}]})],
        [
            ("web", "client", "TCP", 8080, YES),
            ("web", "other", "TCP", 8080, NO),
            ("client", "web", "TCP", 8080, NO),
        ],
    ),
    "pods on the host's network are the host": Scene(
        [("green", {"policyTypes": BOTH})],
        [
            ("client", "onhost", "TCP", ON_HOST, YES),
            ("onhost", "other", "TCP", 8080, YES),
            ("client", "other", "TCP", 8080, NO),
        ],
    ),
}


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
