"""The one exception that reaches a person: what is wrong, what follows from it, what to do."""

from __future__ import annotations


class Fault(Exception):
    """Ends a command with a message instead of a traceback."""

    def __init__(self, what: str, follows: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.follows = follows
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.what]
        if self.follows:
            lines.append(f"  What follows: {self.follows}")
        if self.remedy:
            lines.append(f"  What to do:   {self.remedy}")
        return "\n".join(lines)
