"""Compiled decisions equal the documentation's, for any cluster: two implementations, one answer."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.netpol import model, ranges
from embedded.netpol.compile import Allows, Decisions, decide
from tests.unit.netpol_reference import World

Json = dict[str, Any]
NAMESPACES = ["red", "blue"]
KEYS, VALUES = ["app", "tier"], ["a", "b"]
ADDRESSES = [f"10.201.0.{n}" for n in range(2, 8)]
OUTSIDE = ["10.200.0.1", "192.0.2.9"]
BLOCKS = ["0.0.0.0/0", "10.201.0.0/24", "10.201.0.4/30", "10.200.0.1/32", "192.0.2.0/24"]
PORTS = [79, 80, 81, 443]
NAMES = ["http", "other"]
PROTOCOLS = ["TCP", "UDP", "SCTP"]

# Dense worlds from a seed: built from nested strategies, most would have a policy or two that select nobody.
worlds = st.integers(0, 2**32).map(lambda seed: Maker(Random(seed)).world())  # noqa: S311 - a test's dice


class Maker:
    """Throws dice for clusters in which most policies select somebody and most rules allow something."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice

    def some(self, make: Callable[[], Json], most: int) -> list[Json]:
        return [make() for _ in range(self.dice.randint(0, most))]

    def likely(self, key: str, value: object, chance: float = 0.5) -> Json:
        return {key: value} if self.dice.random() < chance else {}

    def labels(self) -> dict[str, str]:
        return {key: self.dice.choice(VALUES) for key in KEYS if self.dice.random() < 0.7}

    def expression(self) -> Json:
        operator = self.dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        values = self.dice.sample(VALUES, self.dice.randint(1, 2))
        return {
            "key": self.dice.choice(KEYS),
            "operator": operator,
            **({"values": values} if operator in ("In", "NotIn") else {}),
        }

    def selector(self) -> Json:
        match self.dice.randint(0, 3):
            case 0:
                return {"matchLabels": {self.dice.choice(KEYS): self.dice.choice(VALUES)}}
            case 1:
                return {"matchExpressions": [self.expression() for _ in range(self.dice.randint(1, 2))]}
            case _:
                return {}

    def peer(self) -> Json:
        if self.dice.random() < 0.4:
            excepted = self.dice.sample(BLOCKS[1:], self.dice.randint(1, 2))
            return {"ipBlock": {"cidr": self.dice.choice(BLOCKS), **self.likely("except", excepted)}}
        peer = {
            **self.likely("podSelector", self.selector()),
            **self.likely("namespaceSelector", self.selector()),
        }
        return peer or {"podSelector": self.selector()}

    def port(self) -> Json:
        protocol = self.likely("protocol", self.dice.choice(PROTOCOLS))
        match self.dice.randint(0, 5):
            case 0:
                return {"protocol": self.dice.choice(PROTOCOLS)}
            case 1:
                return {"port": 80, "endPort": self.dice.choice([80, 81, 443]), **protocol}
            case 2 | 3:
                return {"port": self.dice.choice(NAMES), **protocol}
            case _:
                return {"port": self.dice.choice(PORTS), **protocol}

    def rule(self, peers: str) -> Json:
        return {
            **self.likely(peers, self.some(self.peer, 2), 0.8),
            **self.likely("ports", self.some(self.port, 2), 0.6),
        }

    def policy(self) -> Json:
        types = self.dice.choice([["Ingress"], ["Egress"], ["Ingress", "Egress"]])
        spec = {
            "podSelector": self.selector(),
            **self.likely("policyTypes", types, 0.7),
            **self.likely("ingress", self.some(lambda: self.rule("from"), 3), 0.7),
            **self.likely("egress", self.some(lambda: self.rule("to"), 3), 0.7),
        }
        return {"metadata": {"namespace": self.dice.choice(NAMESPACES), "name": "p"}, "spec": spec}

    def pod(self, number: int, address: str) -> Json:
        kinds = [("http", "TCP"), ("http", "UDP"), ("other", "TCP")]
        declared = [
            {"name": name, "containerPort": self.dice.choice(PORTS), "protocol": protocol}
            for name, protocol in self.dice.sample(kinds, self.dice.randint(0, 3))
        ]
        meta = {"namespace": self.dice.choice(NAMESPACES), "name": f"pod-{number}", "labels": self.labels()}
        return {
            "metadata": meta,
            "spec": {"containers": [{"ports": declared}], "hostNetwork": self.dice.random() < 0.1},
            "status": {
                "podIP": address,
                "phase": self.dice.choice(["Running"] * 7 + ["Pending", "Succeeded"]),
            },
        }

    def world(self) -> World:
        addresses = self.dice.sample(ADDRESSES, 4)
        namespaces = [{"metadata": {"name": name, "labels": self.labels()}} for name in NAMESPACES]
        pods = [self.pod(number, address) for number, address in enumerate(addresses)]
        return World(pods, namespaces, self.some(self.policy, 4))


def compiled(world: World) -> Decisions:
    return decide(
        [model.pod(pod) for pod in world.pods],
        {name: model.Namespace(name, labels) for name, labels in world.namespaces.items()},
        [model.policy(policy) for policy in world.policies],
    )


def allows(side: Allows | None, other: IPv4Address, protocol: str, port: int) -> bool:
    """What a chain made of these rights does with a packet; no chain at all lets it pass."""
    if side is None:
        return True
    return any(
        ranges.contains(allow.peers, other)
        and (
            allow.ports is None
            or any(p.protocol == protocol and p.low <= port <= p.high for p in allow.ports)
        )
        for allow in side
    )


def passes(decisions: Decisions, source: str, target: str, protocol: str, port: int) -> bool:
    """What the table does with the first packet of a connection."""
    here, there = IPv4Address(source), IPv4Address(target)
    return here == there or (
        allows(decisions.egress.get(here), there, protocol, port)
        and allows(decisions.ingress.get(there), here, protocol, port)
    )


@settings(max_examples=200, deadline=None)
@given(world=worlds)
def test_compiled_decisions_are_those_of_the_documentation(world: World) -> None:
    decisions = compiled(world)
    places = [pod["status"]["podIP"] for pod in world.pods] + OUTSIDE
    for source in places:
        for target in places:
            for protocol in PROTOCOLS:
                for port in PORTS:
                    expected = world.may(source, target, protocol, port)
                    got = passes(decisions, source, target, protocol, port)
                    assert got == expected, (source, target, protocol, port)


@settings(max_examples=50, deadline=None)
@given(world=worlds)
def test_only_pods_of_the_pod_network_that_still_run_are_known(world: World) -> None:
    expected = {p["status"]["podIP"] for p in world.pods if world.pod_at(p["status"]["podIP"]) is p}
    assert {str(address) for address in compiled(world).known} == expected
