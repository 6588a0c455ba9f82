"""What the controller knows of pods, namespaces and policies: typed, from the API's JSON.

Objects compare by what matters to rules, so that a status update that changes nothing is seen as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Any

from embedded.netpol import selectors
from embedded.netpol.selectors import Labels, Selector

Json = Mapping[str, Any]
TERMINATED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class NamedPort:
    """A container port that has a name."""

    name: str
    protocol: str
    number: int


@dataclass(frozen=True)
class Pod:
    """A pod as far as rules are concerned."""

    namespace: str
    name: str
    uid: str
    labels: Labels
    addresses: frozenset[IPv4Address]
    ports: tuple[NamedPort, ...]
    host_network: bool
    terminated: bool

    @property
    def judged(self) -> bool:
        """Pods on the host's network are the host; the address of a terminated pod may be another's."""
        return not self.host_network and not self.terminated

    def port(self, name: str, protocol: str) -> int | None:
        """The number behind a port's name in this pod."""
        return next((p.number for p in self.ports if (p.name, p.protocol) == (name, protocol)), None)


@dataclass(frozen=True)
class Namespace:
    """A namespace and its labels."""

    name: str
    labels: Labels


@dataclass(frozen=True)
class PodPeer:
    """Pods by labels of their namespace (None: the policy's own namespace) and their own (None: all)."""

    namespaces: Selector | None
    pods: Selector | None


@dataclass(frozen=True)
class BlockPeer:
    """Addresses of a block without its exceptions; an IPv6 block (None) has none that we judge."""

    block: IPv4Network | None
    excepted: tuple[IPv4Network, ...] = ()


Peer = PodPeer | BlockPeer


@dataclass(frozen=True)
class PolicyPort:
    """A protocol with a number, a range, a name, or (None) every port of it."""

    protocol: str
    port: int | str | None = None
    end: int | None = None


@dataclass(frozen=True)
class PolicyRule:
    """One entry of `ingress` or `egress`: no peers means everybody, no ports means everything."""

    peers: tuple[Peer, ...]
    ports: tuple[PolicyPort, ...]


@dataclass(frozen=True)
class Policy:
    """A NetworkPolicy; a direction that is None is not touched by it, an empty one allows nothing."""

    namespace: str
    name: str
    pods: Selector
    ingress: tuple[PolicyRule, ...] | None
    egress: tuple[PolicyRule, ...] | None


Thing = Pod | Namespace | Policy


def pod(document: Json) -> Pod:
    """A Pod from the API."""
    meta, spec, status = document["metadata"], document.get("spec") or {}, document.get("status") or {}
    given = [entry.get("ip", "") for entry in status.get("podIPs") or ()] or [status.get("podIP", "")]
    parsed = [ip_address(text) for text in given if text]
    return Pod(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta.get("uid", ""),
        labels=meta.get("labels") or {},
        addresses=frozenset(address for address in parsed if isinstance(address, IPv4Address)),
        ports=_named_ports(spec),
        host_network=bool(spec.get("hostNetwork")),
        terminated=status.get("phase") in TERMINATED,
    )


def namespace(document: Json) -> Namespace:
    """A Namespace from the API."""
    meta = document["metadata"]
    return Namespace(meta["name"], meta.get("labels") or {})


def policy(document: Json) -> Policy:
    """A NetworkPolicy from the API, with `policyTypes` defaulted as documented."""
    meta, spec = document["metadata"], document.get("spec") or {}
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return Policy(
        namespace=meta["namespace"],
        name=meta["name"],
        pods=selectors.parse(spec.get("podSelector") or {}),
        ingress=_rules(spec, "ingress", "from") if "Ingress" in types else None,
        egress=_rules(spec, "egress", "to") if "Egress" in types else None,
    )


def _named_ports(spec: Json) -> tuple[NamedPort, ...]:
    # A sidecar is an init container that keeps running; its ports count like any container's.
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    return tuple(
        NamedPort(port["name"], port.get("protocol", "TCP"), port["containerPort"])
        for container in [*(spec.get("containers") or ()), *sidecars]
        for port in container.get("ports") or ()
        if port.get("name")
    )


def _rules(spec: Json, direction: str, peers: str) -> tuple[PolicyRule, ...]:
    return tuple(
        PolicyRule(
            peers=tuple(_peer(peer) for peer in rule.get(peers) or ()),
            ports=tuple(_port(port) for port in rule.get("ports") or ()),
        )
        for rule in spec.get(direction) or ()
    )


def _peer(document: Json) -> Peer:
    block = document.get("ipBlock")
    if block:
        cidr = ip_network(block["cidr"], strict=False)
        if not isinstance(cidr, IPv4Network):
            return BlockPeer(None)
        excepted = (ip_network(text, strict=False) for text in block.get("except") or ())
        return BlockPeer(cidr, tuple(network for network in excepted if isinstance(network, IPv4Network)))
    return PodPeer(_selector(document, "namespaceSelector"), _selector(document, "podSelector"))


def _selector(document: Json, key: str) -> Selector | None:
    # An empty selector selects everything; only an absent one says nothing.
    found = document.get(key)
    return None if found is None else selectors.parse(found)


def _port(document: Json) -> PolicyPort:
    return PolicyPort(document.get("protocol") or "TCP", document.get("port"), document.get("endPort"))
