"""When a server was used last, and what of it ends when. Knows nothing of the web: numbers in, numbers out.

Used is a server on which somebody acts (keys, pointer, writing requests), a kernel or a program computes, or
a terminal prints. A page that is merely open is none of these.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SPANS = "SERVER_ENDS_AFTER"
"""The variable by which a server learns what ends it, in seconds: `idle=3600 age=86400`."""
_READING = ("GET", "HEAD", "OPTIONS")
COMPUTES = 0.1
"""Of one processor: a process that takes more is at work. Waiting ones take a hundredth."""


@dataclass(frozen=True)
class Spans:
    """What ends a server: seconds without use, and seconds of age where that counts."""

    idle: float
    age: float | None = None

    @classmethod
    def given(cls, environment: Mapping[str, str]) -> Spans | None:
        """Read what the chart has said; nothing where nothing ends."""
        said = environment.get(SPANS)
        return cls(**{what: float(span) for what, span in _pairs(said)}) if said else None

    @property
    def notice(self) -> float:
        """So many seconds before the end of an idle server people are told."""
        return notice(self.idle)

    @property
    def again(self) -> float:
        """Look so often: four times while a notice is up, and twice a minute where there is time."""
        return max(1.0, min(30.0, self.notice / 4))


@dataclass(frozen=True)
class End:
    """Something that ends unless it is used: in so many seconds, told from `notice` on."""

    what: str
    left: float
    notice: float
    id: str = ""
    name: str = ""


def _pairs(said: str) -> Iterable[tuple[str, str]]:
    for word in said.split():
        what, _, span = word.partition("=")
        yield what, span


def notice(span: float, most: float = 600.0) -> float:
    """Tell people ten minutes before, or a third of a shorter time."""
    return min(most, span / 3)


def acts(method: str, path: str, api: str) -> bool:
    """Say whether a request is somebody's doing: one that changes something by Jupyter's own API.

    A page that is open reads by itself; the lab also writes down its layout every ten seconds, and git looks
    at a repository by POST. What people do in the lab beyond this, it tells as keys and pointer.
    """
    return method not in _READING and path.startswith(api)


def ends(spans: Spans, started: datetime, used: datetime, now: datetime) -> list[End]:
    """Say when the server ends for either reason."""
    found = [End("idle", spans.idle - (now - used).total_seconds(), spans.notice)]
    if spans.age:
        left = spans.age - (now - started).total_seconds()
        # There is work to be brought to an end, and no button that helps: tell them earlier.
        found.append(End("age", left, notice(spans.age, most=1800.0)))
    return found


def kernel_ends(kernels: Iterable[Mapping[str, Any]], idle: float, now: datetime) -> list[End]:
    """Say which kernels end, and when: those that rest and that no page is connected to."""
    found = []
    for kernel in kernels:
        if idle <= 0 or kernel["connections"] or kernel["execution_state"] == "busy":
            continue
        rested = (
            now - datetime.fromisoformat(kernel["last_activity"].replace("Z", "+00:00"))
        ).total_seconds()
        found.append(End("kernel", idle - rested, notice(idle), kernel["id"], kernel.get("name", "")))
    return found


def busy(kernels: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether a kernel computes, also one that prints nothing for hours."""
    return any(kernel["execution_state"] == "busy" for kernel in kernels)


def must_tell(spans: Spans, used: datetime, told: datetime, now: datetime) -> bool:
    """Say whether the hub has to hear of this use at once: for half of the idle time it heard of none.

    The server's regular report comes every few minutes, which would be too late for whoever comes back
    just before the end.
    """
    return used > told and now - told > timedelta(seconds=spans.idle / 2)


class Programs:
    """The other processes of this server: its kernels, and what people left running in terminals."""

    def __init__(self, folder: Path = Path("/proc")) -> None:
        self._folder = folder
        self._seen: dict[tuple[str, str], float] = {}
        self._at: datetime | None = None

    def compute(self, now: datetime) -> bool:
        """Say whether one of them has computed since the last look."""
        seen = dict(self._taken())
        span = (now - self._at).total_seconds() if self._at else 0.0
        before, self._seen, self._at = self._seen, seen, now
        return span > 0 and any(
            (taken - before[which]) / span > COMPUTES for which, taken in seen.items() if which in before
        )

    def _taken(self) -> Iterable[tuple[tuple[str, str], float]]:
        tick = os.sysconf("SC_CLK_TCK")
        own = str(os.getpid())
        for place in self._folder.glob("[0-9]*"):
            if place.name == own:
                continue
            try:
                # What stands before the last bracket is the program's name, with whatever it contains.
                words = (place / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # Its own time and that of children it has waited for; when it began, for numbers return.
            yield (place.name, words[19]), sum(int(word) for word in words[11:15]) / tick
