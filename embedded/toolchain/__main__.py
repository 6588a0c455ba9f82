"""`python -m embedded.toolchain [tool ...]`: get the tools (all, if none is named) and show them."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from embedded.console import say
from embedded.fault import Fault
from embedded.paths import find
from embedded.toolchain import NAMES, ensure, versions

WIDTH = 200  # a path is for copying: a narrow terminal may wrap it, the table must not


def main(wanted: list[str]) -> int:
    """Get them, and print a line for each."""
    try:
        tools = ensure(wanted or NAMES, find())
    except Fault as fault:
        say(f"[red]✗[/] {escape(str(fault))}")
        return 1
    known = versions.load()
    table = Table("tool", "version", "origin", "path", box=None)
    for name in wanted or NAMES:
        origin = tools.origin(name)
        version = known.modules[known.build_of(name)].version if origin.startswith("built") else ""
        table.add_row(name, version, origin, str(tools.path(name)))
    Console(width=WIDTH).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
