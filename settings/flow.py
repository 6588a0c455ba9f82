"""What one allowed flow is: its ends, its ports, its reason, and the setting that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from settings.network import EgressProxy, Reach
from settings.ways import Way, host_of

Role = Literal["hub", "proxy", "users", "tunnel"]
"""The release's own pods. `users` are the notebook servers, `tunnel` is the tunnel's connector."""
ROLES: tuple[Role, ...] = ("hub", "proxy", "users", "tunnel")

Ports = tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Addresses."""

    cidrs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Pods of a namespace: all of them, or those with the labels."""

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Public:
    """Every public address: none of the cluster's, none of a private network's."""


Peer = Ranges | Pods | Public


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One allowed flow. Between two roles of the release there is no peer: the roles say it all."""

    source: str
    target: str
    why: str
    ports: Ports
    """Pairs of protocol and port, as the packets carry them."""
    setting: str
    """The place in the settings that opens it."""
    peer: Peer | None = None
    """Where the end is that is no pod of the release; None where the settings know no address of it."""
    hosts: tuple[str, ...] = ()
    """The target's names."""
    granted: str | None = None
    """Only of user pods whose owner was granted this service."""


def tcp(*ports: int) -> Ports:
    """Give TCP ports as a flow has them."""
    return tuple(("TCP", port) for port in ports)


def peer_of(text: str) -> Peer:
    """Read a namespace or a range, as `ingressFrom` has them."""
    return Ranges(cidrs=(text,)) if "/" in text else Pods(namespace=text)


def place(reach: Reach) -> Peer:
    """Say where the packets of a Reach go that does not lead through the egress proxy."""
    if reach.public443:
        return Public()
    if reach.namespace:
        return Pods(namespace=reach.namespace, labels=tuple(sorted(reach.pods.items())))
    return Ranges(cidrs=reach.cidrs)


def along(source: str, way: Way, proxy: EgressProxy | None, ports: Ports = ()) -> Iterator[Flow]:
    """Give the flow of a Way. Through the egress proxy it is two: to the proxy, and on from there."""
    straight = Flow(
        source=source,
        target=way.target,
        why=way.why,
        ports=ports or tcp(*way.reach.ports),
        setting=way.setting,
        hosts=way.hosts,
        granted=way.granted,
    )
    if not way.reach.egress_proxy:
        yield replace(straight, peer=place(way.reach))
    elif proxy:
        yield Flow(
            source=source,
            target="egress-proxy",
            why=f"the way to {way.target}",
            ports=tcp(*proxy.reach.ports),
            setting="settings.network.egressProxy.reach",
            peer=place(proxy.reach),
            hosts=(host_of(proxy.url),),
            granted=way.granted,
        )
        # The proxy does not know for whom it asks.
        yield replace(straight, source="egress-proxy", granted=None)


def merged(found: Iterator[Flow]) -> tuple[Flow, ...]:
    """Join flows that differ in their reason alone: several things go through one egress proxy."""
    joined: dict[Flow, list[str]] = {}
    for flow in found:
        reasons = joined.setdefault(replace(flow, why=""), [])
        if flow.why not in reasons:
            reasons.append(flow.why)
    return tuple(replace(flow, why=", ".join(reasons)) for flow, reasons in joined.items())
