"""Decisions to the text of the whole table. Pure.

A pod's address leads through a verdict map to a chain. Pods with the same rights share one, and equal groups
of addresses share one set: a packet crosses a handful of rules, however many pods and policies there are.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from embedded.netpol import ranges
from embedded.netpol.compile import EVERYWHERE, LAST_PORT, Allow, Allows, Decisions, Ports
from embedded.netpol.ranges import Ranges
from embedded.netpol.table import TABLE

CLOSED = Decisions(frozenset(), {}, {})
# The name that the CNI plugin `ptp` gives the host's end of a pod's cable.
CABLES = '"veth*"'


@dataclass(frozen=True)
class _Direction:
    map: str
    other: str  # the packet's field that holds the other side's address


_EGRESS = _Direction("egress", "daddr")
_INGRESS = _Direction("ingress", "saddr")


def render(decisions: Decisions, pod_network: IPv4Network) -> str:
    """The table as `nft -f` reads it; the same decisions give the same text."""
    out = _chains(_EGRESS, decisions.egress)
    into = _chains(_INGRESS, decisions.ingress)
    parts = [
        *_sets(decisions),
        *(body for _, (body, _) in sorted({**out, **into}.items())),
        _map(_EGRESS, out),
        _map(_INGRESS, into),
        *_base(str(pod_network)),
    ]
    # `add` before `delete`: deleting what is not there would fail the transaction.
    return f"add table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n" + "\n".join(parts) + "\n}\n"


def _base(pods: str) -> list[str]:
    return [
        # Applies wherever a packet of a pod goes. IPv6 would pass every rule below unjudged, down to
        # the host's own listeners by the cable's link-local address.
        _chain(
            "source",
            [
                f"iifname {CABLES} meta nfproto ipv6 drop",
                f"iifname {CABLES} fib saddr . iif oif missing drop",
                f"ip saddr {pods} fib saddr . iif oif missing drop",
            ],
        ),
        _chain(
            "egress-of-pod",
            [f"ip saddr {pods} ip saddr != @known drop", "ip saddr vmap @egress"],
        ),
        _chain(
            "forward",
            [
                "type filter hook forward priority filter; policy accept;",
                "jump source",
                f"oifname {CABLES} meta nfproto ipv6 drop",
                "ct state established,related accept",
                f"ip daddr {pods} ip daddr != @known drop",
                # By its own Service a pod may be sent to itself; that is nobody's business.
                "ip saddr . ip daddr @itself accept",
                "jump egress-of-pod",
                "ip daddr vmap @ingress",
            ],
        ),
        # Pods reach the host (API server, DNS) by the input hook; what the host sends is never judged.
        _chain(
            "input",
            [
                "type filter hook input priority filter; policy accept;",
                "iif lo accept",
                "jump source",
                "ct state established,related accept",
                "jump egress-of-pod",
            ],
        ),
    ]


def _sets(decisions: Decisions) -> list[str]:
    known = [str(address) for address in sorted(decisions.known)]
    groups = {
        allow.peers
        for direction in (decisions.ingress, decisions.egress)
        for allows in direction.values()
        for allow in allows
    } - {EVERYWHERE}
    return [
        _block("set known", "type ipv4_addr;", known),
        _block("set itself", "type ipv4_addr . ipv4_addr;", [f"{address} . {address}" for address in known]),
        *(
            _block(f"set {_group(group)}", "type ipv4_addr; flags interval;", map(ranges.text, group))
            for group in sorted(groups)
        ),
    ]


def _chains(
    direction: _Direction, rights: Mapping[IPv4Address, Allows]
) -> dict[str, tuple[str, list[IPv4Address]]]:
    """By name: the chain's text and the addresses that share it."""
    sharing: dict[Allows, list[IPv4Address]] = defaultdict(list)
    for address, allows in rights.items():
        sharing[allows].append(address)
    chains: dict[str, tuple[str, list[IPv4Address]]] = {}
    for allows, addresses in sharing.items():
        rules = sorted({rule for allow in allows for rule in _rules(direction, allow)})
        name = f"{direction.map}-{_digest(rules)}"
        shared = chains.get(name, ("", []))[1]
        chains[name] = (_chain(name, [*rules, "drop"]), sorted([*shared, *addresses]))
    return chains


def _rules(direction: _Direction, allow: Allow) -> list[str]:
    peers = "" if allow.peers == EVERYWHERE else f"ip {direction.other} @{_group(allow.peers)} "
    if allow.ports is None:
        return [f"{peers}return"]
    return [f"{peers}{match} return" for match in _ports(allow.ports)]


def _ports(ports: frozenset[Ports]) -> list[str]:
    by_protocol: dict[str, list[Ports]] = defaultdict(list)
    for port in ports:
        by_protocol[port.protocol.lower()].append(port)
    matches = []
    for protocol, of_it in sorted(by_protocol.items()):
        spans = ranges.merged((port.low, port.high) for port in of_it)
        numbers = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)
        everything = spans == ((0, LAST_PORT),)
        matches.append(f"meta l4proto {protocol}" if everything else f"{protocol} dport {{ {numbers} }}")
    return matches


def _map(direction: _Direction, chains: Mapping[str, tuple[str, list[IPv4Address]]]) -> str:
    jumps = sorted((address, name) for name, (_, addresses) in chains.items() for address in addresses)
    elements = [f"{address} : jump {name}" for address, name in jumps]
    return _block(f"map {direction.map}", "type ipv4_addr : verdict;", elements)


def _chain(name: str, rules: Iterable[str]) -> str:
    return "\n".join([f"\tchain {name} {{", *(f"\t\t{rule}" for rule in rules), "\t}"])


def _block(name: str, kind: str, elements: Iterable[str]) -> str:
    listed = ",\n\t\t\t".join(elements)
    # nft refuses an empty list of elements.
    body = f"\n\t\telements = {{\n\t\t\t{listed}\n\t\t}}" if listed else ""
    return f"\t{name} {{\n\t\t{kind}{body}\n\t}}"


def _group(group: Ranges) -> str:
    return f"group-{_digest(map(ranges.text, group))}"


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
