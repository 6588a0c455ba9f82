"""How a command ends: its exit codes, and words instead of a traceback when it cannot go on."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from settings.document import Refused
from settings.finding import report

DONE, FOUND, CANNOT = 0, 1, 2
"""Fine; findings, or refused; it cannot be done, for a file or a tool is missing."""
UNREAD = 141
"""What reads the output stopped reading: as a shell tells it of any command."""


class Cannot(Exception):
    """What is wrong, what follows and what to do, for a person."""


class Commands(TyperGroup):
    """Turns what the commands have in common to say into words on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 -- typer's signature
        """Run a command."""
        try:
            return _to_the_last_byte(super().invoke, ctx)
        except Refused as refused:
            sys.stderr.write(f"{report(refused.findings)}\n")
            raise typer.Exit(FOUND) from None
        except Cannot as words:
            sys.stderr.write(f"{words}\n")
            raise typer.Exit(CANNOT) from None
        except BrokenPipeError:
            _let_go_of_stdout()
            raise typer.Exit(UNREAD) from None

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- typer's signature
        """Run the program, help and usage included."""
        try:
            return super().main(*args, **kwargs)
        except SystemExit as ended:
            # Whoever writes help takes a reader that has gone for a failure.
            if isinstance(ended.__context__, BrokenPipeError):
                _let_go_of_stdout()
                sys.exit(UNREAD)
            raise
        except OSError as error:
            _let_go_of_stdout()
            place = f" ({error.filename})" if error.filename else ""
            sys.stderr.write(f"{error.strerror}{place}: it was not done, or not all of it.\n")
            sys.exit(CANNOT)


def _let_go_of_stdout() -> None:
    """Leave what is still to be written unwritten: Python would try again at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _to_the_last_byte(invoke: Callable[[Any], Any], ctx: object) -> object:
    """Run a command until its output is written: a full disk shows when the last of it is."""
    try:
        return invoke(ctx)
    finally:
        sys.stdout.flush()
