"""`ops check`: every finding of stack files, for people, for a merge request, for a hook before a commit."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ops.ending import DONE, FOUND, Cannot
from ops.judged import Judged, Located, counted, judge
from ops.reports import code_quality, missing, own, sarif, shown
from ops.stack_files import PROJECT, Project, StackOptions, names, place_of
from ops.telling import as_json, show, table

_COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}


class Form(StrEnum):
    """How findings are written."""

    TABLE = "table"
    JSON = "json"
    CODE_QUALITY = "codequality"
    SARIF = "sarif"


class Severity(StrEnum):
    """What ends with 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "check",
        epilog="Examples: [bold]ops check[/bold]; [bold]ops check --stack lab --chart[/bold]; in a pipeline: "
        "[bold]ops check --format codequality > codequality.json[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Stack files, as a hook before a commit names them.", show_default=False),
    ] = None,
    stack: StackOptions = None,
    form: Annotated[Form, typer.Option("--format", help="How findings are written.")] = Form.TABLE,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    fail_on: Annotated[
        Severity, typer.Option(help="The least severe finding that ends with 1.")
    ] = Severity.ERROR,
    chart: Annotated[
        bool,
        typer.Option(
            "--chart", help="Fetch charts that are not at hand; one that cannot be had is an error."
        ),
    ] = False,
    project: Project = PROJECT,
) -> None:
    """Every finding of one stack or of all: errors, warnings, notes.

    Needs no cluster, no secrets and no Pulumi state. The values are held against the hub's packages always,
    and against the chart where it lies in .charts/. Without names it looks at every Pulumi.<stack>.yaml.
    """
    stacks = [judge(place, project, fetch=chart) for place in _places(files, stack, project)]
    _write(Form.JSON if json else form, stacks, project)
    counts = counted(stacks)
    counting = list(Severity)[: list(Severity).index(fail_on) + 1]
    raise typer.Exit(FOUND if any(counts[one] for one in counting) else DONE)


def _places(files: list[Path] | None, stacks: list[str] | None, project: Path) -> list[Path]:
    if files or stacks:
        return [*(files or ()), *(place_of(one, project) for one in stacks or ())]
    if known := names(project):
        return [place_of(one, project) for one in known]
    raise Cannot(
        f"There is no Pulumi.<stack>.yaml in {project}.\n"
        "    What follows: there is nothing to check.\n"
        "    What to do:   name the project's folder by --project, or files."
    )


def _write(form: Form, stacks: list[Judged], project: Path) -> None:
    if form is Form.JSON:
        as_json(own(stacks, project))
    elif form is Form.CODE_QUALITY:
        as_json(code_quality(stacks, project))
    elif form is Form.SARIF:
        as_json(sarif(stacks, project))
    else:
        _tell(stacks, project)


def _tell(stacks: list[Judged], project: Path) -> None:
    rows = table("Where", "What", "Finding", below=1)
    for stack in stacks:
        for located in stack.found:
            rows.add_row(*_row(located, shown(stack.place, project)))
    if rows.row_count:
        show(rows)
    for words in missing(stacks):
        show(escape(words))
    counts = counted(stacks)
    show(f"{_many(len(stacks), 'stack')}: {', '.join(_many(counts[one], one) for one in counts)}.")


def _row(located: Located, file: str) -> tuple[str, str, str]:
    finding = located.finding
    colour = _COLOURS[finding.severity]
    words = f"{finding.path}: {finding.what}\n{finding.follows}\n-> {finding.remedy}"
    return (
        escape(f"{file}:{located.at.line}"),
        f"[{colour}]{finding.severity}[/] {escape(finding.rule)}",
        escape(words),
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
