"""What the list of flows alone allows, among our pods, strangers and addresses outside."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

from settings import Settings
from settings.flow import Flow, Pods, Ranges
from settings.flows import CONNECTOR, flows
from settings.services import for_users, name_of
from tests.unit.chart_policies import make, pod, rendered
from tests.unit.netpol_reference import World

Json = dict[str, Any]


@dataclass(frozen=True)
class End:
    """One end of a connection: an address, and the pod that has it."""

    address: str
    role: str = ""
    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    services: tuple[str, ...] = ()
    """Of user pods: what their owner may use."""


def private(address: str, whole: Settings) -> bool:
    here = ip_address(address)
    own = (ip_network(cidr) for cidr in (*whole.network.cluster_ranges, *whole.network.api_server.cidrs))
    # Translators: what looks public here is 10.1.2.3 behind them.
    disguised = address.startswith(("64:ff9b:", "2002:"))
    return disguised or not here.is_global or here.is_multicast or any(here in cidr for cidr in own)


def is_at(end: End, flow: Flow, whole: Settings) -> bool:
    peer = flow.peer
    if isinstance(peer, Ranges):
        return any(ip_address(end.address) in ip_network(cidr) for cidr in peer.cidrs)
    if isinstance(peer, Pods):
        return end.namespace == peer.namespace and set(peer.labels) <= set(end.labels)
    return not private(end.address, whole) and (":" not in end.address or has_ipv6(whole))


def has_ipv6(whole: Settings) -> bool:
    return any(":" in cidr for cidr in whole.network.cluster_ranges)


def listed(flow: Flow, source: End, target: End, whole: Settings) -> bool:
    """Tell whether a flow is between these two, of which at least one is the release's."""
    if flow.peer is None:
        return source.role != "" and (source.role, target.role) == (flow.source, flow.target)
    if source.role and target.role:
        return False
    if source.role:
        may = flow.granted is None or flow.granted in source.services
        return may and flow.source == source.role and is_at(target, flow, whole)
    return flow.target == target.role and is_at(source, flow, whole)


def release_of(whole: Settings) -> dict[End, Json]:
    services = tuple(map(name_of, for_users(whole.services)))
    ends = [End("10.201.0.2", "hub"), End("10.201.0.3", "proxy"), End("10.201.0.4", "users")]
    ends.append(End("10.201.0.5", "users", services=services))
    ends.append(End("10.201.0.7", "users", services=services[1::2]))
    if whole.ingress.tunnel:
        ends.append(End("10.201.0.6", "tunnel"))
    return {end: pod(end.role, end.address, whole, end.services) for end in ends}


def others_of(whole: Settings) -> dict[End, Json]:
    """Give pods of strangers: in every namespace that a flow names, with its labels or without."""
    namespaces = {
        (flow.peer.namespace, labels)
        for flow in flows(whole)
        if isinstance(flow.peer, Pods)
        for labels in ((), flow.peer.labels)
    }
    namespaces |= {("strange", ()), (whole.namespace.name, (("app", "other"),))}
    namespaces |= {("strange", tuple(CONNECTOR.items())), (whole.namespace.name, ())}
    return {
        (end := End(f"10.202.0.{at}", namespace=namespace, labels=labels)): make(
            namespace, end.address, dict(labels), {"http": 8081}
        )
        for at, (namespace, labels) in enumerate(sorted(namespaces), start=2)
    }


FAR = (
    *("8.8.8.8", "140.82.112.3", "10.99.1.1", "172.20.1.1", "192.168.7.7", "100.64.3.3", "169.254.169.254"),
    *("198.41.192.7", "2606:4700::1111", "fd00::7", "fe80::1", "64:ff9b::a01:203", "2002:a01:203::1"),
)


def far_of(whole: Settings) -> list[End]:
    """Give addresses outside: in each range that a flow names, just beside it, and elsewhere."""
    edges = set(FAR)
    for flow in flows(whole):
        for cidr in flow.peer.cidrs if isinstance(flow.peer, Ranges) else ():
            network = ip_network(cidr)
            edges |= {str(network[0]), str(network[-1]), str(network[-1] + 1), str(network[0] - 1)}
    return [End(address) for address in sorted(edges)]


def world_of(whole: Settings, pods: list[Json]) -> World:
    names = {one["metadata"]["namespace"] for one in pods}
    namespaces = [
        {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}} for name in names
    ]
    return World(pods, namespaces, rendered(whole))


def differences(whole: Settings, dice: Random, tries: int) -> list[str]:
    release, others = release_of(whole), others_of(whole)
    world = world_of(whole, [*release.values(), *others.values()])
    everyone = [*release, *others, *far_of(whole)]
    allowed = flows(whole)
    ports = sorted({port for flow in allowed for port in flow.ports} | {("TCP", 22), ("SCTP", 53)})
    wrong = []
    for _ in range(tries):
        ends = [dice.choice(list(release)), dice.choice(everyone)]
        dice.shuffle(ends)
        source, target = ends
        port = dice.choice([*ports, ("TCP", dice.randint(1, 65535))])
        if source == target:
            continue
        said = any(listed(flow, source, target, whole) for flow in allowed if port in flow.ports)
        done = world.may(source.address, target.address, *port)
        if said != done:
            wrong.append(f"{source} -> {target} {port}: listed {said}, policies {done}")
    return wrong
