"""The command `ops why`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from ops.ending import FOUND
from ops.live import Context, Files, live
from ops.stack_files import PROJECT, Stack
from ops.telling import as_json
from ops.why.collect import collected
from ops.why.judge import judged
from ops.why.telling import as_data, told, write

User = Annotated[
    str | None, typer.Option("--user", help="The server of this user, by the name that the hub knows.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "why",
        epilog="Examples: [bold]ops why lab[/bold] after a failed pulumi up; "
        "[bold]ops why lab --user ada[/bold] when a server does not start; "
        "[bold]ops why lab --json | jq '.causes[0].commands'[/bold]",
    )(_command)


def _command(
    stack: Stack,
    user: User = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    project: Files = PROJECT,
    context: Context = None,
) -> None:
    """What is wrong with a stack after a failed deployment or a failed start of a server, likeliest first.

    Looks at the cluster, the release, the hub's log and Pulumi's state, and changes nothing. Each cause has
    what was seen, what follows, and the next command; what comes of it stands below it.

    Ends with 1 when something is wrong, with 2 when the cluster cannot be asked.
    """
    here = live(stack, project, context)
    with Console(stderr=True).status("Looking ...") as waiting:
        facts = collected(here, user, lambda what: waiting.update(f"Looking at {what} ..."))
    roots = judged(facts)
    if json:
        as_json(as_data(roots, facts))
    else:
        write(told(roots, facts))
    sys.stdout.flush()
    if roots:
        raise typer.Exit(FOUND)
