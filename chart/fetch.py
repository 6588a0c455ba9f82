"""`python -m chart.fetch --stack <stack>`: fetch a stack's chart, and say how to pin it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from chart import checks, source
from settings import Settings, stack_file
from settings.document import Refused
from settings.finding import report

PROJECT = Path(__file__).resolve().parent.parent


def main(
    stack: Annotated[str, typer.Option(help="The stack, as in Pulumi.<stack>.yaml.")],
    project: Annotated[Path, typer.Option(help="The project's folder.")] = PROJECT,
) -> None:
    """Fetch the stack's chart into the project, and print its path, version and digest."""
    settings = _settings(project / f"Pulumi.{stack}.yaml")
    try:
        archive = source.load(settings.chart, project)
    except source.Unusable as unusable:
        _refuse(report([unusable.finding]))
    sys.stdout.write(
        f"path:       {settings.chart.archive_path}\n"
        f"version:    {archive.version}\n"
        f"digest:     {archive.digest}\n"
        f"jupyterhub: {archive.hub or 'not said'}\n"
        f"kubernetes: {archive.kubernetes or 'not said'}\n"
    )
    for found in checks.findings(settings, archive):
        sys.stdout.write(f"{found.severity}: {found}\n")


def _settings(place: Path) -> Settings:
    try:
        config = stack_file.config_of(stack_file.data_of(stack_file.text_of(place)))
        return stack_file.settings_of(config, datetime.now(tz=UTC).date())
    except Refused as refused:
        _refuse(report(refused.findings))
    except stack_file.Unreadable as fault:
        _refuse(f"{place.name}, line {fault.line}: {fault}")


def _refuse(words: str) -> NoReturn:
    sys.stderr.write(f"{words}\n")
    raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
