"""The commands behind the Makefile: up, destroy, down, status, env, tools, e2e.

Heavy modules are imported inside the commands, so that `make env` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.markup import escape

from embedded.console import say
from embedded.fault import Fault
from embedded.paths import find

app = typer.Typer(
    name="python -m embedded",
    help="A JupyterHub on a node of its own, on this machine: for development, tests and a first try.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def up() -> None:
    """Install what is missing, start the node, and run `pulumi up --yes` for the stack that STACK names."""
    from embedded.up import up as bring_up

    bring_up(find(), os.environ)


@app.command()
def preview() -> None:
    """Show what a first `pulumi up` of the stack that STACK names would make, and make nothing of it."""
    from embedded.up import preview as show

    raise typer.Exit(show(find(), os.environ))


@app.command()
def destroy() -> None:
    """Take the stack that STACK names off the node, with its homes; the node and other stacks stay."""
    from embedded.destroy import destroy as take_away

    take_away(find(), os.environ, sure=os.environ.get("YES") == "1")


@app.command()
def down(
    purge: Annotated[bool, typer.Option(help="Remove volumes and state as well.")] = False,
) -> None:
    """Stop the node: no process, mount, interface or nftables table stays; volumes and state do."""
    from embedded.down import down as bring_down

    bring_down(find(), purge=purge, sure=os.environ.get("YES") == "1")


@app.command()
def status() -> None:
    """Show what runs, what does not, and why."""
    from embedded.report import status as show

    raise typer.Exit(show(find()))


@app.command()
def env() -> None:
    """Print the exports of a shell for the stack that STACK names."""
    from embedded import visiting
    from embedded.engine.shell import exports
    from embedded.report import remembered
    from embedded.stacks import chosen

    paths = find()
    shell = remembered(paths, chosen(os.environ))
    sys.stdout.write(exports(shell, visiting.variables(paths, shell)) + "\n")


@app.command()
def tools(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Get the named tools (all, if none is named) and show where they came from."""
    from embedded import toolchain

    wanted = names or toolchain.NAMES
    found = toolchain.ensure(wanted, find())
    for name in wanted:
        say(f"  {name}: {found.origin(name)}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def e2e(context: typer.Context) -> None:
    """Bring everything up, try it as a user would, break it, repair it, and take it down.

    What follows goes to pytest: `python -m embedded e2e -k browser`.
    """
    from embedded.e2e import run

    raise typer.Exit(run(find(), context.args))


def main() -> None:
    """Run a command; a fault ends in its own words and exit code 1, never in a traceback."""
    try:
        app()
    except Fault as fault:
        say(f"\n[bold red]✗[/] {escape(str(fault))}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nStopped by hand. The same command takes up where it ended.")
        sys.exit(130)
