"""The phases of a start, each from one moment to the next: where the time goes, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.measure.place import Clicked, Visitor
from tests.measure.witness import Json, Witness, logged, watching

Moments = Mapping[str, float]


@dataclass(frozen=True)
class Start:
    """A start: how long it took, and how long each of its phases, by the moment at which it ended."""

    seconds: float
    lasted: Mapping[str, float]


@dataclass(frozen=True)
class Phase:
    """What happens until a moment is reached, beginning with the moment before."""

    until: str
    whose: str
    what: str


OF_A_START = (
    Phase("asked", "hub", "click; the hub's handler, what the profile allows, the home's claim"),
    Phase("created", "cluster", "the API server makes the pod"),
    Phase("placed", "cluster", "the scheduler gives it a node"),
    Phase("sandbox", "cluster", "kubelet mounts volumes, makes sandbox and network"),
    Phase("started", "cluster", "containerd makes the container and starts it"),
    Phase("imported", "image", "first program, Python, imports of server and extensions"),
    Phase("listening", "image", "extensions are linked and loaded, the hub is asked, the server listens"),
    Phase("noticed", "hub", "the hub sees that it answers"),
    Phase("told", "hub", "route of the proxy, the page of the start hears of it"),
    Phase("usable", "hub", "redirects, OAuth, the page of JupyterLab"),
)


def timed(visitor: Visitor) -> Start:
    """Start a server, measure, and stop it."""
    with watching(visitor.place) as witness:
        try:
            clicked = visitor.start()
            return start_of(
                {**_of_hub(visitor, clicked), **of_pod(witness, visitor.pod), **_of_server(visitor, clicked)}
            )
        finally:
            visitor.stop()


def start_of(moments: Moments) -> Start:
    """Give each phase what passed since the last moment that was reached; of some moments nothing is told."""
    lasted, before = {}, moments["click"]
    for phase in OF_A_START:
        if (at := moments.get(phase.until)) is not None:
            lasted[phase.until] = max(0.0, at - before)
            before = max(before, at)
    return Start(moments["usable"] - moments["click"], lasted)


def of_pod(witness: Witness, name: str) -> dict[str, float]:
    """Tell the moments of a pod: made, placed, its sandbox, its container."""

    def is_pod(changed: Json) -> bool:
        return bool(changed["kind"] == "Pod" and changed["metadata"]["name"] == name)

    def is_event(reason: str) -> float | None:
        return witness.first(
            lambda changed: (
                changed["kind"] == "Event"
                and changed["involvedObject"]["name"] == name
                and changed["reason"] == reason
            )
        )

    found = {
        "created": witness.first(is_pod),
        "placed": witness.first(lambda changed: is_pod(changed) and bool(changed["spec"].get("nodeName"))),
        "sandbox": is_event("Pulled"),
        "started": is_event("Started"),
    }
    return {moment: at for moment, at in found.items() if at is not None}


def of_log(lines: list[tuple[float, str]]) -> dict[str, float]:
    """Tell the moments of a Jupyter server, by what it writes."""
    return {
        "imported": _line(lines, "extension was successfully linked"),
        "listening": _line(lines, "is running at:"),
    }


def _of_server(visitor: Visitor, clicked: Clicked) -> dict[str, float]:
    return of_log(logged(visitor.place, visitor.pod, since=clicked.click))


def _of_hub(visitor: Visitor, clicked: Clicked) -> dict[str, float]:
    lines = logged(visitor.place, "deployment/hub", since=clicked.click)
    return {
        "click": clicked.click,
        "asked": _line(lines, f"Attempting to create pod {visitor.pod},"),
        "noticed": _line(lines, f"User {visitor.name} took "),
        "told": clicked.told,
        "usable": clicked.usable,
    }


def _line(lines: list[tuple[float, str]], words: str) -> float:
    return next(at for at, line in lines if words in line)
