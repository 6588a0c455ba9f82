"""One thing that is tried from a notebook, how it ended, and whether that is right."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

Kind = Literal["tcp", "udp", "hub", "act"]


class Wanted(StrEnum):
    """How it shall end."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What is tried. Of `hub` the place is a path of its API, of `act` what a process does in its own pod."""

    group: str
    what: str
    kind: Kind
    place: str
    wanted: Wanted
    method: str = "GET"
    why: str = ""
    """The setting that opens it, or the rule that closes it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A probe that was tried: the notebook's own words, and what they come to."""

    probe: Probe
    observed: str
    ended: Wanted | None
    """None where it was not tried."""

    @property
    def right(self) -> bool:
        """Whether it ended as it shall. What was not tried is not wrong, and proves nothing."""
        return self.ended in (None, self.probe.wanted)

    def document(self) -> dict[str, Any]:
        """Give it for programs."""
        return {**asdict(self.probe), "observed": self.observed, "ended": self.ended, "right": self.right}


_NOT_TRIED = ("not tried", "no name")
_OPEN = "open"
_TURNED_AWAY = ("401", "403", "404")


def row(probe: Probe, observed: str) -> Row:
    """Judge what the notebook says. A hub that answers anything but a refusal has listened."""
    ended: Wanted | None
    if observed in _NOT_TRIED:
        # An open door that cannot be found is a fault; a closed one that is not there proves nothing.
        ended = Wanted.CLOSED if probe.wanted is Wanted.OPEN else None
    elif probe.kind == "hub":
        heard = observed.isdigit() and observed not in _TURNED_AWAY
        ended = Wanted.OPEN if heard else Wanted.CLOSED
    else:
        ended = Wanted.OPEN if observed.startswith(_OPEN) else Wanted.CLOSED
    return Row(probe=probe, observed=observed, ended=ended)
