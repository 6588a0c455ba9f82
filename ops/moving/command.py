"""`ops move-users`: users and their homes under other names, as from a shared password to Entra ID."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ops.ending import FOUND, Cannot
from ops.kubectl import NoAnswer
from ops.live import Context, Files
from ops.moving import doing, finishing, map_file, report
from ops.moving.template import rows_of
from ops.moving.world import World, world
from ops.stack_files import PROJECT, Stack
from ops.telling import plain

_NOTHING = "    What follows: nothing was changed.\n"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "move-users",
        epilog="Examples: [bold]ops move-users lab --template > map.csv[/bold]; what would happen: "
        "[bold]ops move-users lab --map map.csv[/bold]; do it: "
        "[bold]ops move-users lab --map map.csv --stop-servers --apply[/bold]; back: "
        "[bold]ops move-users lab --undo move-users-lab.json --apply[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- each is an option
    stack: Stack,
    map_: Annotated[
        Path | None, typer.Option("--map", help="CSV: `old,new`, a row for each user.", show_default=False)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="The stack that they move to, in the same cluster; else their own.",
            show_default=False,
        ),
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print a map with all users, to fill in.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else only say what would be done.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop-servers", help="Stop running servers of those who move.")
    ] = False,
    undo: Annotated[
        Path | None, typer.Option("--undo", help="Take back what this report says.", show_default=False)
    ] = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Give the moved volumes back their reclaim policies.")
    ] = False,
    rights: Annotated[
        bool, typer.Option("--rights", help="Print what it takes, for the cluster's owner to allow.")
    ] = False,
    names: Annotated[
        map_file.Form | None,
        typer.Option(
            "--names",
            help="What new names are; else as the settings say.",
            show_default=False,
        ),
    ] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Where the report goes.", show_default=False)
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    context: Context = None,
    project: Files = PROJECT,
) -> None:
    """Give users other names, and their homes with them: nothing is copied, and nothing is lost.

    A home's volume goes from its old claim to a new one, as the hub names it for the new user. Without
    --apply nothing is changed. A run that was stopped is completed by the next. Old accounts are removed
    from the hub, with their tokens and shares.
    """
    _one_errand(template, bool(map_), bool(undo), finish)
    here = world(stack, to or stack, project, context)
    with _words_of_the_cluster(stack):
        if template:
            plain(map_file.written(rows_of(here.old_side())))
        elif finish:
            finishing.finish(here, apply, json_)
        else:
            run = (
                _back(here, undo, apply) if undo else doing.forward(here, _rows(map_ or Path(), names, here))
            )
            _do(run, rights, apply, stop, report_file, json_)


@contextmanager
def _words_of_the_cluster(stack: str) -> Iterator[None]:
    try:
        yield
    except NoAnswer as refused:
        raise Cannot(
            f"The cluster does not do it: {refused}\n"
            "    What follows: what was done until then is done, and nothing is lost; the next run goes on.\n"
            f"    What to do:   `ops env {stack}` tells which cluster it is, `--rights` what it takes there."
        ) from refused


def _do(  # noqa: PLR0913 -- what was asked for
    run: doing.Run, rights: bool, apply: bool, stop: bool, place: Path | None, as_json: bool
) -> None:
    if rights:
        plain(doing.rights(run))
        return
    if apply:
        doing.apply(run, stop, place)
    doing.tell(run, as_json)


def _back(here: World, place: Path, apply: bool) -> doing.Run:
    return doing.back(here, report.pairs(place, here.stacks), apply)


def _one_errand(*errands: bool) -> None:
    if sum(errands) != 1:
        raise Cannot(
            "One of --template, --map, --undo and --finish is to be said.\n"
            "    What follows: nothing was changed.\n"
            "    What to do:   begin with `ops move-users <stack> --template > map.csv`; fill in `new`."
        )


def _rows(place: Path, names: map_file.Form | None, here: World) -> list[map_file.Row]:
    form = names or map_file.form_of(here.target.settings)
    rows = map_file.read(place)
    if faults := list(map_file.faults(rows, form)):
        sys.stderr.write("".join(f"{place}, {fault}\n" for fault in faults) + "Nothing was changed.\n")
        raise typer.Exit(FOUND)
    return rows
