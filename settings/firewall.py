"""What a network team has to open: the flows that leave or enter the cluster, as rows for their form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

from settings.document import Settings
from settings.flow import Flow, Pods, Public, Ranges
from settings.flows import flows

_CLUSTER = "cluster"
_ZONES = {
    "deployment": "pipeline or administrator",
    "egress-proxy": "egress proxy",
    "people": "people",
}
"""Where connections begin that do not begin in the cluster."""
ANYWHERE = "any public address"


@dataclass(frozen=True, order=True, kw_only=True)
class Row:
    """One line of a request."""

    zone: str
    """Where connections begin. From a cluster they mostly come with their node's address."""
    hosts: tuple[str, ...]
    """Names of the target; empty where the settings give addresses alone."""
    addresses: tuple[str, ...]
    """Empty where the settings give names alone."""
    protocol: str
    ports: tuple[int, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    why: tuple[str, ...]
    settings: tuple[str, ...]
    """Where to change it."""


def firewall(settings: Settings) -> list[Row]:
    """Give the rows, sorted, the same for the same settings; one for all that ask for the same opening."""
    crossing = [flow for flow in flows(settings) if _crosses(flow, settings)]
    known = _addresses_by_host(crossing)
    joined: dict[Row, list[Row]] = {}
    for flow in crossing:
        for row in _rows(flow, known):
            opening = replace(row, sources=(), targets=(), why=(), settings=())
            joined.setdefault(opening, []).append(row)
    return sorted(_joined(opening, rows) for opening, rows in joined.items())


def _crosses(flow: Flow, settings: Settings) -> bool:
    """Tell whether the flow leaves or enters the cluster."""
    if flow.source == "people":
        return flow.target == "ingress" and settings.ingress.reach != "machine"
    if flow.source in _ZONES:
        return True
    if flow.target in ("hub", "proxy", "users", "api-server") or isinstance(flow.peer, Pods):
        return False
    return not (isinstance(flow.peer, Ranges) and all(_inside(it, settings) for it in flow.peer.cidrs))


def _inside(cidr: str, settings: Settings) -> bool:
    inner = ip_network(cidr)
    own = (ip_network(it) for it in settings.network.cluster_ranges)
    return inner.is_link_local or any(
        inner.version == outer.version
        and inner.prefixlen >= outer.prefixlen
        and inner.network_address in outer
        for outer in own
    )


def _addresses_by_host(crossing: Sequence[Flow]) -> dict[str, tuple[str, ...]]:
    """Remember what one flow tells about a host that another knows by name only."""
    return {
        flow.hosts[0]: flow.peer.cidrs
        for flow in crossing
        if len(flow.hosts) == 1 and isinstance(flow.peer, Ranges) and flow.source != "people"
    }


def _rows(flow: Flow, known: Mapping[str, tuple[str, ...]]) -> list[Row]:
    return [
        Row(
            zone=_ZONES.get(flow.source, _CLUSTER),
            hosts=tuple(sorted(flow.hosts)),
            addresses=_addresses(flow, known),
            protocol=protocol,
            ports=tuple(sorted(port for kind, port in flow.ports if kind == protocol)),
            sources=(flow.source,),
            targets=(flow.target,),
            why=(flow.why,),
            settings=(flow.setting,),
        )
        for protocol in sorted({kind for kind, _ in flow.ports})
    ]


def _addresses(flow: Flow, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if isinstance(flow.peer, Public):
        # With names a firewall that knows them needs no more: the open policy is the cluster's own lack.
        return () if flow.hosts else (ANYWHERE,)
    if isinstance(flow.peer, Ranges):
        return tuple(sorted(flow.peer.cidrs))
    return tuple(sorted(known.get(flow.hosts[0], ()))) if len(flow.hosts) == 1 else ()


def _joined(opening: Row, rows: Sequence[Row]) -> Row:
    return replace(
        opening,
        sources=tuple(sorted({it for row in rows for it in row.sources})),
        targets=tuple(sorted({it for row in rows for it in row.targets})),
        why=tuple(sorted({it for row in rows for it in row.why})),
        settings=tuple(sorted({it for row in rows for it in row.settings})),
    )


HEAD = ("From", "To", "Addresses", "Port", "Why", "Setting")


def markdown(rows: Sequence[Row]) -> str:
    """Write the rows as a table for a mail, a ticket or a page."""
    lines = [HEAD, ("---",) * len(HEAD), *map(_escaped, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cells(row: Row) -> tuple[str, ...]:
    """Give a row as words, one text below each word of HEAD, none with a line end in it."""
    ports = ", ".join(f"{port}/{row.protocol.lower()}" for port in row.ports)
    words = (
        f"{row.zone}: {', '.join(row.sources)}" if row.zone == _CLUSTER else row.zone,
        ", ".join(row.hosts or row.targets),
        ", ".join(row.addresses) or "by name",
        ports,
        "; ".join(row.why),
        ", ".join(row.settings),
    )
    return tuple(word.replace("\n", " ") for word in words)


def _escaped(row: Row) -> tuple[str, ...]:
    # A reason is free text: a bar in it would end its cell.
    return tuple(word.replace("|", "\\|") for word in cells(row))
