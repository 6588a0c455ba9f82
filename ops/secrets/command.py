"""`ops secrets`: the command."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ops.ending import FOUND, Cannot
from ops.replacing import replace
from ops.secrets.held import Held
from ops.secrets.making import Unshown, make
from ops.secrets.rotation import TABLE, NotHere, Rotation, rotate
from ops.secrets.rows import Row, rows
from ops.secrets.setting import LENGTHS
from ops.stack_files import PROJECT, Project, Stack, config, place_of, settings_of, today
from ops.telling import as_json, plain, show
from settings import Settings
from settings.finding import Finding

_HEADS = ("secret", "state", "lies in", "in the cluster", "comes from", "ends")


def _beginning(words: Iterable[str]) -> Callable[[str], list[str]]:
    """Complete one of a few words by the tab key."""
    return lambda incomplete: [word for word in words if word.startswith(incomplete)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "secrets",
        epilog="Examples: [bold]ops secrets lab[/bold]; a password that nobody sees: "
        "[bold]ops secrets iav-test --generate adminPassword | "
        "pulumi config set --stack iav-test --secret jupyterhub:adminPassword[/bold]; "
        "a new key: [bold]ops secrets aiv-prod --rotate cryptKeys[/bold]",
    )(_command)


def _command(
    stack: Stack,
    generate: Annotated[
        str | None,
        typer.Option(
            help=f"Write a new value into a pipe: {', '.join(LENGTHS)}.",
            show_default=False,
            autocompletion=_beginning(LENGTHS),
        ),
    ] = None,
    rotation: Annotated[
        str | None,
        typer.Option(
            "--rotate",
            help=f"Raise its number in the stack file: {', '.join(TABLE)}.",
            show_default=False,
            autocompletion=_beginning(TABLE),
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    project: Project = PROJECT,
) -> None:
    """Which secrets a stack needs: which are set, where each lies, who brings it, its end, its command.

    Names are read and nothing is decrypted. Ends with 1 where a secret is missing, or lies where it must not.
    """
    try:
        if generate and rotation:
            raise Cannot("--generate and --rotate are two errands: one at a time.")
        if generate:
            plain(f"{make(generate, stack, settings_of(stack, project))}\n")
        elif rotation:
            _rotate(rotation, stack, project, json=json)
        else:
            _list(stack, project, json=json)
    except (Unshown, NotHere) as words:
        sys.stderr.write(f"{words}\n")
        raise typer.Exit(FOUND) from None


def _list(stack: str, project: Path, *, json: bool) -> None:
    held = Held.by(config(stack, project))
    findings = held.misplaced()
    # A document with a secret inside is not even read: a finding about its shape could repeat the secret.
    settings = None if held.nested else settings_of(stack, project)
    found = rows(stack, settings, held, today()) if settings else []
    findings += held.unused(settings) if settings else []
    tell = _tell_programs if json else _tell_people
    tell(stack, settings, found, findings)
    if _missing(found) or any(one.severity == "error" for one in findings):
        raise typer.Exit(FOUND)


def _missing(found: Iterable[Row]) -> list[str]:
    return [row.name for row in found if row.state == "MISSING"]


def _tell_programs(
    stack: str, settings: Settings | None, found: Sequence[Row], findings: Sequence[Finding]
) -> None:
    as_json(
        {
            "stack": stack,
            "source": settings.secrets.source if settings else None,
            "missing": _missing(found),
            "secrets": [asdict(row) for row in found],
            "findings": [asdict(one) for one in findings],
        }
    )


def _tell_people(
    stack: str, settings: Settings | None, found: Sequence[Row], findings: Sequence[Finding]
) -> None:
    if settings:
        table = Table(box=None, pad_edge=False)
        for place, head in enumerate(_HEADS):
            # A name that is cut short is the name of nothing.
            table.add_column(head, overflow="fold", no_wrap=place == 0)
        for row in found:
            cells = (row.name, row.state, row.lies, ", ".join(row.cluster) or "-", row.origin, row.ends)
            table.add_row(*(escape(cell) for cell in cells))
        show(f"{stack}: secrets.source is {settings.secrets.source}\n", table)
    for one in findings:
        plain(f"\n{one.severity}: {one}\n")
    _commands("Missing; set each of them:", (row.command for row in found if row.state == "MISSING"))
    _commands("In plain text; set a new one:", (row.command for row in found if row.state == "plain text"))
    _commands("Set; the same sets a new one:", (row.command for row in found if row.state == "set"))
    _commands(
        "Not needed; set it if this stack is to bring it:",
        (row.command for row in found if row.state == "not set"),
    )
    _commands(
        "Brought by others, or by a store:",
        (row.command for row in found if row.state in ("others'", "store's")),
    )
    _commands("To see when it ends:", (row.look for row in found))
    _commands(
        "Made by `pulumi up`; a new one, here in the stack file:",
        (f"bin/ops secrets {stack} --rotate {row.name}" for row in found if row.state == "generated"),
    )


def _commands(head: str, commands: Iterable[str]) -> None:
    """Write commands as they are to be typed: never wrapped."""
    if wanted := [command for command in commands if command]:
        plain(f"\n{head}\n" + "".join(f"  {command}\n" for command in wanted))


def _rotate(name: str, stack: str, project: Path, *, json: bool) -> None:
    settings, place = settings_of(stack, project), place_of(stack, project)
    before = place.read_bytes().decode()
    done = rotate(name, stack, settings, before)
    replace(place, done.text)
    if json:
        as_json(_plain(done, place))
        return
    changed = difflib.unified_diff(before.splitlines(), done.text.splitlines(), n=0, lineterm="")
    plain(f"{place}\n" + "".join(f"  {line}\n" for line in [*changed][3:]))
    plain(f"\n{done.follows}\n")
    _commands("The old one is protected in the state; let it go first:", done.unprotect)
    _commands("Then, and nothing is changed before it:", [f"pulumi up --stack {stack}"])


def _plain(done: Rotation, place: Path) -> dict[str, Any]:
    told = {name: value for name, value in asdict(done).items() if name != "text"}
    return {"file": str(place), **told}
