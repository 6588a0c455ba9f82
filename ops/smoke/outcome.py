"""How a check ends, and what it says: what was seen, or what is wrong, what follows and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

NOT_ASKED = "--only names others"
"""Why a check is skipped that was not among those asked for."""


class Status(StrEnum):
    """What became of a check. One that could not be tried has not passed."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Seen:
    """What a check that passed saw; remarks are for people to look at, and fail nothing."""

    words: str
    remarks: tuple[str, ...] = ()


class Failed(Exception):
    """What is wrong, what follows, what to do; `stops` tells whether checks that build on it can be tried."""

    def __init__(self, what: str, follows: str, remedy: str, *, stops: bool = True) -> None:
        super().__init__(what)
        self.what, self.follows, self.remedy, self.stops = what, follows, remedy, stops


class Skipped(Exception):
    """Why there is nothing to look at."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A check that is over."""

    name: str
    status: Status
    seen: str
    remarks: tuple[str, ...] = ()
    follows: str = ""
    remedy: str = ""
    stops: bool = False
    seconds: float = 0.0

    def row(self) -> dict[str, Any]:
        """Give it for programs."""
        return {name: value for name, value in asdict(self).items() if name != "stops"}
