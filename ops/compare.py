"""`ops compare`: environments side by side, from their settings with every default filled in."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from typing import Annotated

import typer
from rich.markup import escape

from ops.ending import Cannot
from ops.side_by_side import Row, rows, sections
from ops.stack_files import PROJECT, Project, Stacks, settings_of
from ops.telling import as_json, plain, show, table


class Form(StrEnum):
    """How the table is written."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "compare",
        epilog="Examples: [bold]ops compare lab aiv-prod[/bold]; a table for a document: "
        "[bold]ops compare lab aiv-staging aiv-prod --format markdown[/bold]; a part: "
        "[bold]ops compare lab aiv-prod --section storage --section tls --differences[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    stacks: Stacks,
    section: Annotated[
        list[str] | None, typer.Option("--section", help="Only this section; may be repeated.")
    ] = None,
    differences: Annotated[
        bool, typer.Option("--differences", help="Leave out what is the same everywhere.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="How the table is written.")] = Form.TABLE,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    project: Project = PROJECT,
) -> None:
    """Environments side by side, section by section, what differs first.

    Settings count as they hold, with every default filled in; secrets are none of them. Profiles, services
    and other lists are matched by name. `-`: the stack has no such field. `(none)`: nothing is in it.
    """
    _several(stacks)
    wanted = _wanted(section)
    found = [row for row in rows([settings_of(one, project) for one in stacks]) if row.section in wanted]
    shown = [row for row in found if row.differs] if differences else found
    _WRITE[Form.JSON if json else form](stacks, shown)


def _several(stacks: Sequence[str]) -> None:
    if len({*stacks}) < len(stacks) or len(stacks) < 2:
        raise Cannot(
            f"There is nothing to compare in: {', '.join(stacks)}.\n"
            "    What to do:   name two stacks or more, each once."
        )


def _wanted(given: Sequence[str] | None) -> list[str]:
    known = sections()
    if unknown := [one for one in given or () if one not in known]:
        raise Cannot(
            f"There is no section {', '.join(unknown)} in the settings.\n"
            f"    What to do:   name one of these: {', '.join(known)}."
        )
    return list(given or known)


def _by_section(found: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    return [(name, list(members)) for name, members in groupby(found, lambda row: row.section)]


def _table(stacks: Sequence[str], found: Sequence[Row]) -> None:
    for name, members in _by_section(found):
        shown = table("", escape(name), *map(escape, stacks))
        for row in members:
            cells = map(escape, (row.path or name, *row.values))
            shown.add_row("*" if row.differs else "", *cells, style=None if row.differs else "dim")
        show(shown, "")
    show(_count(found))


def _count(found: Sequence[Row]) -> str:
    different = sum(row.differs for row in found)
    return f"* marks what differs: {different} of {len(found)} rows."


def _markdown(stacks: Sequence[str], found: Sequence[Row]) -> None:
    for name, members in _by_section(found):
        plain(f"### {name}\n\n{_line('', 'setting', *stacks)}{'|---' * (len(stacks) + 2)}|\n")
        for row in members:
            plain(_line("**differs**" if row.differs else "", f"`{row.path or name}`", *row.values))
        plain("\n")


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _json(stacks: Sequence[str], found: Sequence[Row]) -> None:
    as_json(
        [
            {
                "section": row.section,
                "path": row.path,
                "differs": row.differs,
                "values": dict(zip(stacks, row.values, strict=True)),
            }
            for row in found
        ]
    )


_WRITE = {Form.TABLE: _table, Form.MARKDOWN: _markdown, Form.JSON: _json}
