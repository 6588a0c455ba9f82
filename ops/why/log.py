"""The hub's log as records: a time, a level, and a text that may go over several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ops.why.facts import Facts, Log
from ops.why.times import moment

_TIMED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*?(?:Z|[+-]\d\d:\d\d)) ?(.*)")
_TRACEBACK = "Traceback (most recent call last)"
_BEGIN = re.compile(r"\[([DIWEC]) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
# With it a start is over: what was said before it (a proxy that was not there yet) holds no more.
_RUNS = "JupyterHub is now running"


@dataclass(frozen=True)
class Record:
    """One thing that the hub said."""

    level: str
    when: datetime | None
    text: str

    @property
    def bad(self) -> bool:
        """Whether it tells of an error."""
        return self.level in "EC" or _TRACEBACK in self.text

    @property
    def words(self) -> str:
        """What it says, in a line: the last of a traceback, else the first."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        for place, line in enumerate(lines):
            if _TRACEBACK in line:
                # Frames are indented deeper than the error that they lead to.
                indent = len(line) - len(line.lstrip())
                own = [one for one in lines[place:] if len(one) - len(one.lstrip()) <= indent]
                return own[-1].strip()
        return re.sub(r"^\[[^\]]+\] ", "", lines[0]) if lines else ""


def untimed(line: str) -> str:
    """Give a line without the time that kubectl put before it."""
    found = _TIMED.fullmatch(line)
    return found[2] if found else line


def records(log: Log) -> Iterator[Record]:
    """Read a log, the oldest first."""
    level, when, lines = "", None, list[str]()
    for raw in log.text.splitlines():
        found = _TIMED.fullmatch(raw)
        line = found[2] if found else raw
        begins = _BEGIN.match(line)
        # JupyterHub indents what belongs to a record; what the interpreter prints by itself stands alone.
        alone = line[:1].strip() and not (lines and level == " " and _TRACEBACK in lines[0])
        if begins or alone or not lines:
            if lines:
                yield Record(level, when, "\n".join(lines))
            level, when, lines = begins[1] if begins else " ", moment(found[1]) if found else None, []
        lines.append(line)
    if lines:
        yield Record(level, when, "\n".join(lines))


def of_hub(facts: Facts, *, up: bool) -> list[Record]:
    """Give what the hub said in its present run; of one that does not come up, in the run before as well."""
    found: list[Record] = []
    for log in sorted(facts.logs, key=lambda one: not one.previous):
        if log.container == "hub" and not (up and log.previous):
            found += records(log)
    if up:
        starts = [place for place, one in enumerate(found) if _RUNS in one.text]
        found = found[starts[-1] :] if starts else found
    return found


def names(user: str, text: str) -> bool:
    """Whether a text names a user, and not somebody whose name begins alike."""
    return re.search(rf"(?<![\w-]){re.escape(user)}(?![\w-])", text) is not None
