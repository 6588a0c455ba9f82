"""Who in the same cluster must let the hub in, or let itself out to the hub: policies that are not ours.

Our policies say where our pods may go. A namespace with a default deny of its own lets nobody in until
its owner names us; these rows are what to ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from settings.document import Settings
from settings.flow import ROLES, Flow, Pods
from settings.flows import CONNECTOR, flows

_COMPONENT = {"hub": "hub", "proxy": "proxy", "users": "singleuser-server"}
"""Labels by which a policy of others knows our pods, as the chart has them."""


@dataclass(frozen=True, order=True, kw_only=True)
class Request:
    """One thing to ask of the owner of another namespace."""

    namespace: str
    pods: tuple[tuple[str, str], ...]
    """Labels of the other end; all pods of the namespace when empty."""
    direction: Literal["in", "out"]
    """`in`: let our pods in. `out`: let its own out to ours."""
    ours: tuple[tuple[str, str], ...]
    """Labels of our end."""
    ports: tuple[tuple[str, int], ...]
    why: tuple[str, ...]
    settings: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Give it as data for programs."""
        return {
            "namespace": self.namespace,
            "pods": dict(self.pods),
            "direction": self.direction,
            "ours": dict(self.ours),
            "ports": [f"{port}/{protocol}" for protocol, port in self.ports],
            "why": list(self.why),
            "settings": list(self.settings),
        }


def requests(settings: Settings) -> list[Request]:
    """Give what to ask for, sorted; the same connection is asked for once, for all its reasons."""
    joined: dict[tuple[str, str, Pods, tuple[tuple[str, int], ...]], list[Flow]] = {}
    for flow in flows(settings):
        if isinstance(flow.peer, Pods):
            ours, way = (flow.source, "in") if flow.source in ROLES else (flow.target, "out")
            joined.setdefault((ours, way, flow.peer, flow.ports), []).append(flow)
    return sorted(
        Request(
            namespace=peer.namespace,
            pods=peer.labels,
            direction="in" if way == "in" else "out",
            ours=_labels(ours, settings),
            ports=ports,
            why=tuple(dict.fromkeys(flow.why for flow in found)),
            settings=tuple(dict.fromkeys(flow.setting for flow in found)),
        )
        for (ours, way, peer, ports), found in joined.items()
    )


def _labels(role: str, settings: Settings) -> tuple[tuple[str, str], ...]:
    if role not in _COMPONENT:
        return tuple(CONNECTOR.items())
    return ("component", _COMPONENT[role]), ("release", settings.hub.release)


def markdown(asked: Sequence[Request], namespace: str) -> str:
    """Write them as a table for a mail or a ticket to the owners; `namespace` is the hub's."""
    head = ("Namespace", "Pods", "Ask for", f"Pods in {namespace}", "Port", "Why")
    lines = [head, ("---",) * len(head), *map(_cells, asked)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(request: Request) -> tuple[str, ...]:
    return (
        request.namespace,
        _written(request.pods) or "all",
        "let in from" if request.direction == "in" else "let out to",
        _written(request.ours),
        ", ".join(f"{port}/{protocol.lower()}" for protocol, port in request.ports),
        # A reason is free text: a bar in it would end its cell.
        "; ".join(request.why).replace("|", "\\|").replace("\n", " "),
    )


def _written(labels: Sequence[tuple[str, str]]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels)
