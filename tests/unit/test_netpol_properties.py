"""Compiled decisions equal the documentation's, for any cluster: two implementations, one answer."""

from __future__ import annotations

from ipaddress import IPv4Address
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

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)


@st.composite
def expressions(draw: st.DrawFn) -> Json:
    operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
    expression: Json = {"key": draw(st.sampled_from(KEYS)), "operator": operator}
    if operator in ("In", "NotIn"):
        expression["values"] = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=2))
    return expression


selectors = st.fixed_dictionaries(
    {}, optional={"matchLabels": labels, "matchExpressions": st.lists(expressions(), max_size=2)}
)
blocks = st.fixed_dictionaries(
    {"cidr": st.sampled_from(BLOCKS)},
    optional={"except": st.lists(st.sampled_from(BLOCKS[1:]), min_size=1, max_size=2)},
)
pod_peers = st.one_of(
    st.fixed_dictionaries({"podSelector": selectors}),
    st.fixed_dictionaries({"namespaceSelector": selectors}),
    st.fixed_dictionaries({"podSelector": selectors, "namespaceSelector": selectors}),
)
peers = st.one_of(pod_peers, st.fixed_dictionaries({"ipBlock": blocks}))
numbers = st.fixed_dictionaries(
    {"port": st.sampled_from(PORTS)}, optional={"protocol": st.sampled_from(PROTOCOLS)}
)
spans = st.fixed_dictionaries({"port": st.just(80), "endPort": st.sampled_from([80, 81, 443])})
named = st.fixed_dictionaries(
    {"port": st.sampled_from(NAMES)}, optional={"protocol": st.sampled_from(PROTOCOLS)}
)
whole = st.fixed_dictionaries({"protocol": st.sampled_from(PROTOCOLS)})
ports = st.one_of(numbers, spans, named, whole)


def rules(key: str) -> st.SearchStrategy[list[Json]]:
    rule = st.fixed_dictionaries(
        {}, optional={key: st.lists(peers, max_size=2), "ports": st.lists(ports, max_size=2)}
    )
    return st.lists(rule, max_size=2)


policies = st.builds(
    lambda namespace, spec: {"metadata": {"namespace": namespace, "name": "p"}, "spec": spec},
    st.sampled_from(NAMESPACES),
    st.fixed_dictionaries(
        {"podSelector": selectors},
        optional={
            "policyTypes": st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
            "ingress": rules("from"),
            "egress": rules("to"),
        },
    ),
)


@st.composite
def pods(draw: st.DrawFn) -> list[Json]:
    addresses = draw(st.lists(st.sampled_from(ADDRESSES), min_size=2, max_size=4, unique=True))
    made: list[Json] = []
    for number, address in enumerate(addresses):
        declared = [
            {"name": name, "containerPort": draw(st.sampled_from(PORTS)), "protocol": protocol}
            for name, protocol in draw(
                st.lists(st.sampled_from([("http", "TCP"), ("http", "UDP"), ("other", "TCP")]), unique=True)
            )
        ]
        made.append(
            {
                "metadata": {
                    "namespace": draw(st.sampled_from(NAMESPACES)),
                    "name": f"pod-{number}",
                    "labels": draw(labels),
                },
                "spec": {"containers": [{"ports": declared}], "hostNetwork": draw(st.integers(0, 9)) == 0},
                "status": {
                    "podIP": address,
                    "phase": draw(st.sampled_from(["Running", "Running", "Pending", "Succeeded"])),
                },
            }
        )
    return made


@st.composite
def worlds(draw: st.DrawFn) -> World:
    namespaces = [{"metadata": {"name": name, "labels": draw(labels)}} for name in NAMESPACES]
    return World(draw(pods()), namespaces, draw(st.lists(policies, max_size=4)))


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


@settings(max_examples=150, deadline=None)
@given(world=worlds())
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
@given(world=worlds())
def test_only_pods_of_the_pod_network_that_still_run_are_known(world: World) -> None:
    expected = {p["status"]["podIP"] for p in world.pods if world.pod_at(p["status"]["podIP"]) is p}
    assert {str(address) for address in compiled(world).known} == expected
