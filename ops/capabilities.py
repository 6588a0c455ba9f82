"""`ops capabilities`: what each group may, and what comes of it for somebody who is in several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer
from rich.markup import escape

from ops.ending import Cannot
from ops.firewall import Form
from ops.stack_files import PROJECT, Project, Stack, settings_of
from ops.telling import as_json, plain, show, table
from settings import Settings
from settings.auth import SharedPassword
from settings.capabilities import EVERYONE, Granted, granted, signing_in

HEAD = ("Groups", "Signs in", "Administers", "Profiles", "Home", "Shared folder", "Services", "Servers")


@dataclass(frozen=True)
class Line:
    """What somebody in exactly these groups may."""

    groups: tuple[str, ...]
    may: Granted

    def plain(self) -> dict[str, Any]:
        """Give it as data for programs."""
        return {"groups": list(self.groups), **asdict(self.may)}

    @property
    def cells(self) -> tuple[str, ...]:
        """Give it as words, one text below each word of HEAD."""
        may = self.may
        return (
            " + ".join(self.groups) or EVERYONE,
            "yes" if may.sign_in else "-",
            "yes" if may.administrator else "-",
            ", ".join(may.profiles) or "-",
            may.home,
            "-" if may.shared_folder == "none" else may.shared_folder,
            ", ".join(may.services) or "-",
            str(may.servers),
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "capabilities",
        epilog="Examples: [bold]ops capabilities aiv-prod[/bold]; of one person: "
        "[bold]ops capabilities aiv-prod --of users,gpu[/bold]; for a page: "
        "[bold]ops capabilities aiv-prod --format markdown[/bold]",
    )(_command)


def _command(
    stack: Stack,
    of: Annotated[
        str | None, typer.Option("--of", help="What somebody may who is in these groups: users,gpu.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How the rows are written.")] = Form.TABLE,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    project: Project = PROJECT,
) -> None:
    """What somebody may in each group that signs in, alone and beside each other group.

    Rows of the settings add up, and everybody has that of everyone; what is told is the sum.
    """
    settings = settings_of(stack, project)
    lines = [_line(settings, _asked(settings, of))] if of is not None else list(together(settings))
    form = Form.JSON if json else form
    if form is Form.JSON:
        as_json([line.plain() for line in lines])
    elif form is Form.TABLE:
        _table(lines)
    else:
        plain(written(lines, "," if form is Form.CSV else None))


def together(settings: Settings) -> Iterator[Line]:
    """Give each group that signs in, alone and beside each other one; of a shared password everybody."""
    rows = settings.capabilities
    by_name = isinstance(settings.auth, SharedPassword)
    firsts: Sequence[str] = () if by_name else signing_in(rows)
    others = [name for name in rows if name != EVERYONE]
    if by_name:
        yield _line(settings, ())
        yield from (_line(settings, (name,)) for name in others)
    told: set[frozenset[str]] = set()
    for first in firsts:
        for groups in ((first,), *((first, other) for other in others if other != first)):
            if frozenset(groups) not in told:
                told.add(frozenset(groups))
                yield _line(settings, groups)


def _line(settings: Settings, groups: tuple[str, ...]) -> Line:
    may = granted(
        settings.capabilities, groups, settings.profiles, settings.services, settings.storage.homes.size
    )
    return Line(groups, may if settings.storage.shared else replace(may, shared_folder="none"))


def _asked(settings: Settings, of: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in of.split(",") if name.strip())
    known = settings.auth.groups
    if unknown := [name for name in names if name not in known]:
        raise Cannot(
            f"{', '.join(unknown)} is no group of these settings.\n"
            "    What follows: nothing can be said of it.\n"
            f"    What to do:   name groups of auth.groups: {', '.join(known) or 'there is none'}."
        )
    return names


def _table(lines: Sequence[Line]) -> None:
    shown = table(*HEAD)
    for line in lines:
        shown.add_row(*map(escape, line.cells))
    show(shown)


def written(lines: Sequence[Line], divider: str | None = None) -> str:
    """Write the lines as a table for a page, or with a divider for a spreadsheet."""
    if divider:
        quoted = ([f'"{cell}"' for cell in cells] for cells in (HEAD, *(line.cells for line in lines)))
        return "".join(divider.join(cells) + "\n" for cells in quoted)
    rows = (HEAD, ("---",) * len(HEAD), *(line.cells for line in lines))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
