"""How a command ends: its exit codes, and words instead of a traceback when it cannot go on."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from settings.document import Refused
from settings.finding import report

DONE, FOUND, CANNOT = 0, 1, 2
"""Fine; findings, or refused; it cannot be done, for a file or a tool is missing."""


class Cannot(Exception):
    """What is wrong, what follows and what to do, for a person."""


class Commands(TyperGroup):
    """Turns what the commands have in common to say into words on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 -- typer's signature
        """Run a command."""
        try:
            return super().invoke(ctx)
        except Refused as refused:
            sys.stderr.write(f"{report(refused.findings)}\n")
            raise typer.Exit(FOUND) from None
        except Cannot as words:
            sys.stderr.write(f"{words}\n")
            raise typer.Exit(CANNOT) from None
