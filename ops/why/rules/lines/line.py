"""One known line of the hub's log: how it reads, what is wrong then, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What a line means; the commands are names of `rules/hub.py`."""

    rule: str
    pattern: re.Pattern[str]
    what: str
    follows: str
    advice: str
    commands: tuple[str, ...] = ("logs",)
    user: bool = False
    """The pattern's first group is the name of a user, whose server did not start."""
    never_over: bool = False
    """Said once at the start, and true as long as the hub runs."""


def line(rule: str, pattern: str, what: str, follows: str, advice: str, *commands: str) -> Line:
    """Write down a line about the hub as a whole; its pattern may go over several lines of a traceback."""
    return Line(rule, re.compile(pattern, re.DOTALL), what, follows, advice, commands or ("logs",))


def server(rule: str, pattern: str, what: str, advice: str) -> Line:
    """Write down a line about one user's server."""
    follows = "{0} has no server; the hub takes away what was made for it."
    return Line(rule, re.compile(pattern), what, follows, advice, user=True)
