"""Words and tables for people, as rich writes them; text for programs as it is."""

from __future__ import annotations

import json
import sys

from rich.console import Console, RenderableType
from rich.table import Table

# Into a file or a pipe each row has one line, however long.
_UNBOUNDED = 100_000


def show(*what: RenderableType) -> None:
    """Write to stdout for people: in colours and to the width of a terminal, plain where there is none."""
    if sys.stdout.isatty():
        Console(highlight=False).print(*what, sep="\n")
        return
    console = Console(highlight=False, width=_UNBOUNDED)
    with console.capture() as written:
        console.print(*what, sep="\n")
    plain("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def table(*heads: str, below: int = 0) -> Table:
    """Give an empty table in which nothing is cut off: a name too long for its column goes on below."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, below, 0))
    for head in heads:
        made.add_column(head, overflow="fold")
    return made


def plain(text: str) -> None:
    """Write text for programs, or for a shell."""
    sys.stdout.write(text)


def as_json(value: object) -> None:
    """Write one JSON document."""
    plain(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
