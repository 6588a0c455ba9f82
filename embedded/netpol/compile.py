"""Policies of the API to decisions by address. Pure: the same objects give the same decisions.

The outcome knows no labels and no names any more: for every pod address what may come in and what may go out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from embedded.netpol import ranges
from embedded.netpol.model import BlockPeer, Namespace, Peer, Pod, PodPeer, Policy, PolicyPort, PolicyRule
from embedded.netpol.ranges import Ranges

EVERYWHERE: Ranges = ((0, 2**32 - 1),)
LAST_PORT = 65535


@dataclass(frozen=True, order=True)
class Ports:
    """Ports of one protocol, both ends included."""

    protocol: str
    low: int = 0
    high: int = LAST_PORT


@dataclass(frozen=True)
class Allow:
    """Traffic with these addresses on the other side; without ports every protocol is meant."""

    peers: Ranges
    ports: frozenset[Ports] | None


Allows = frozenset[Allow]


@dataclass(frozen=True)
class Decisions:
    """Known pod addresses; for those that a policy isolates, all that is allowed (nothing else is)."""

    known: frozenset[IPv4Address]
    ingress: Mapping[IPv4Address, Allows]
    egress: Mapping[IPv4Address, Allows]


def decide(
    pods: Iterable[Pod], namespaces: Mapping[str, Namespace], policies: Collection[Policy]
) -> Decisions:
    """Compile all policies over all pods."""
    judged = [pod for pod in pods if pod.judged and pod.addresses]
    cluster = _Cluster(judged, namespaces)
    ingress: dict[IPv4Address, set[Allow]] = {}
    egress: dict[IPv4Address, set[Allow]] = {}
    for policy in policies:
        selected = [p for p in judged if p.namespace == policy.namespace and policy.pods.matches(p.labels)]
        if policy.ingress is not None:
            _isolate(ingress, selected)
            for rule in policy.ingress:
                cluster.allow_in(ingress, selected, policy, rule)
        if policy.egress is not None:
            _isolate(egress, selected)
            allowed = [allow for rule in policy.egress for allow in cluster.allow_out(policy, rule)]
            _add(egress, selected, allowed)
    return Decisions(
        known=frozenset(address for pod in judged for address in pod.addresses),
        ingress={address: frozenset(allows) for address, allows in ingress.items()},
        egress={address: frozenset(allows) for address, allows in egress.items()},
    )


class _Cluster:
    """Finds the addresses that a policy's peers stand for."""

    def __init__(self, pods: list[Pod], namespaces: Mapping[str, Namespace]) -> None:
        self._pods = pods
        self._namespaces = namespaces

    def allow_in(
        self, ingress: dict[IPv4Address, set[Allow]], selected: list[Pod], policy: Policy, rule: PolicyRule
    ) -> None:
        """Add what one ingress rule lets in; a port's name is looked up in each selected pod."""
        peers = self._peers(policy, rule)
        for pod in selected:
            ports = frozenset(_ports(rule.ports, pod))
            if peers and (ports or not rule.ports):
                _add(ingress, [pod], [Allow(peers, ports if rule.ports else None)])

    def allow_out(self, policy: Policy, rule: PolicyRule) -> Iterable[Allow]:
        """What one egress rule lets out; a port's name is looked up in each pod it may lead to."""
        peers = self._peers(policy, rule)
        if not peers:
            return
        if not rule.ports:
            yield Allow(peers, None)
        numbered = frozenset(_ports([port for port in rule.ports if not isinstance(port.port, str)], None))
        if numbered:
            yield Allow(peers, numbered)
        named = [port for port in rule.ports if isinstance(port.port, str)]
        by_ports: dict[frozenset[Ports], list[IPv4Address]] = defaultdict(list)
        for pod in self._pods if named else ():
            inside = [address for address in pod.addresses if ranges.contains(peers, address)]
            by_ports[frozenset(_ports(named, pod))].extend(inside)
        for ports, addresses in by_ports.items():
            if ports and addresses:
                yield Allow(ranges.of_addresses(addresses), ports)

    def _peers(self, policy: Policy, rule: PolicyRule) -> Ranges:
        if not rule.peers:
            return EVERYWHERE
        return ranges.merged(found for peer in rule.peers for found in self._addresses(policy, peer))

    def _addresses(self, policy: Policy, peer: Peer) -> Ranges:
        if isinstance(peer, BlockPeer):
            return ranges.of_block(peer.block, peer.excepted) if peer.block else ()
        return ranges.of_addresses(
            address for pod in self._pods if self._is_peer(policy, peer, pod) for address in pod.addresses
        )

    def _is_peer(self, policy: Policy, peer: PodPeer, pod: Pod) -> bool:
        if peer.namespaces is None:
            in_namespace = pod.namespace == policy.namespace
        else:
            # A pod can be seen before its namespace; without labels nothing is guessed about it.
            namespace = self._namespaces.get(pod.namespace)
            in_namespace = namespace is not None and peer.namespaces.matches(namespace.labels)
        return in_namespace and (peer.pods is None or peer.pods.matches(pod.labels))


def _ports(wanted: Iterable[PolicyPort], pod: Pod | None) -> Iterable[Ports]:
    for port in wanted:
        number = pod.port(port.port, port.protocol) if pod and isinstance(port.port, str) else port.port
        if port.port is None:
            yield Ports(port.protocol)
        elif isinstance(number, int):
            yield Ports(port.protocol, number, port.end or number)


def _isolate(direction: dict[IPv4Address, set[Allow]], selected: list[Pod]) -> None:
    _add(direction, selected, [])


def _add(direction: dict[IPv4Address, set[Allow]], selected: list[Pod], allows: Collection[Allow]) -> None:
    for pod in selected:
        for address in pod.addresses:
            direction.setdefault(address, set()).update(allows)
