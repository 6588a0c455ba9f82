"""`ops values`: what a stack gives the chart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chart import source
from chart.schema import over
from ops.ending import Cannot
from ops.readable import readable
from ops.release import Values, composed, values
from ops.stack_files import PROJECT, Project, Stack, settings_of
from ops.telling import as_json, plain
from settings import Settings

_HEAD = """\
# What the stack `{stack}` gives the chart {chart} {version}, release {release} in namespace {namespace}.
# `<name: ...>` and `<secret: ...>` are filled in by a deployment; nothing secret stands here.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "values",
        epilog="Examples: [bold]ops values lab[/bold]; with what the chart adds: "
        "[bold]ops values lab --with-defaults[/bold]; one of them: "
        "[bold]ops values lab --json | jq .hub.config[/bold]",
    )(_command)


def _command(
    stack: Stack,
    with_defaults: Annotated[
        bool, typer.Option("--with-defaults", help="Lay them over the chart's own, as Helm will.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
    project: Project = PROJECT,
) -> None:
    """The values of a stack's release, as YAML.

    They are those of `pulumi up`, the same bytes in each run. What only a deployment knows is named.
    --with-defaults needs the chart: it is fetched where it does not lie in the project.
    """
    settings = settings_of(stack, project)
    made = values(composed(settings)[0])
    if with_defaults:
        made = _over_defaults(made, settings, project)
    if json:
        as_json(made)
    else:
        plain(_head(stack, settings) + readable(made))


def _head(stack: str, settings: Settings) -> str:
    return _HEAD.format(
        stack=stack,
        chart=settings.chart.chart_name,
        version=settings.chart.version,
        release=settings.hub.release,
        namespace=settings.namespace.name,
    )


def _over_defaults(made: Values, settings: Settings, project: Path) -> Values:
    try:
        return over(source.load(settings.chart, project).defaults, made)
    except source.Unusable as unusable:
        raise Cannot(str(unusable.finding)) from None
