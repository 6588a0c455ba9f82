"""`ops firewall`: what a network team has to open for a stack, in the form that they ask for."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape

from ops.stack_files import PROJECT, Project, Stack, settings_of
from ops.telling import as_json, plain, show, table
from settings.firewall import HEAD, Row, cells, firewall, markdown


class Form(StrEnum):
    """How rows are written."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "firewall",
        epilog="Examples: [bold]ops firewall aiv-prod[/bold]; for a ticket: "
        "[bold]ops firewall aiv-prod --format markdown[/bold]; for a spreadsheet: "
        "[bold]ops firewall aiv-prod --format csv > request.csv[/bold]",
    )(_command)


def _command(
    stack: Stack,
    form: Annotated[Form, typer.Option("--format", help="How the rows are written.")] = Form.TABLE,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    project: Project = PROJECT,
) -> None:
    """Who must reach what: the openings to ask a network team for.

    Only what leaves or enters the cluster is listed, one row for each opening, in a fixed order.
    """
    rows = firewall(settings_of(stack, project))
    _WRITE[Form.JSON if json else form](rows)


def _table(rows: Sequence[Row]) -> None:
    shown = table(*HEAD)
    for row in rows:
        shown.add_row(*map(escape, cells(row)))
    show(shown)


def _csv(rows: Sequence[Row]) -> None:
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerows([HEAD, *map(cells, rows)])
    plain(written.getvalue())


_WRITE = {
    Form.TABLE: _table,
    Form.MARKDOWN: lambda rows: plain(markdown(rows)),
    Form.JSON: lambda rows: as_json([asdict(row) for row in rows]),
    Form.CSV: _csv,
}
