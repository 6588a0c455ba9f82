"""`ops manifests`: all that a stack would create, as YAML; and what a change of the project changes in it."""

from __future__ import annotations

import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from chart import source
from ops import difference_text
from ops.differences import Change, differences
from ops.ending import Cannot
from ops.helm import Helm
from ops.manifest_files import read_folder, text_of, write_folder
from ops.objects import of_stack
from ops.revision import project_at, run_ops
from ops.stack_files import PROJECT, Project, Stack, config, names, settings_of
from ops.telling import as_json, plain
from settings import Settings
from settings.flat import KNOWN

Json = dict[str, Any]


class Form(StrEnum):
    """How it is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class Release(StrEnum):
    """What stands for the release."""

    AUTO = "auto"
    HELM = "helm"
    VALUES = "values"


_RELEASE = (
    "helm: its objects, as Helm renders them (the chart is fetched where it is missing). values: the release "
    "with its values. auto: helm where Helm and chart are at hand, else values."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "manifests",
        epilog="Examples: [bold]ops manifests lab[/bold]; one file for each object: "
        "[bold]ops manifests lab --output manifests/lab[/bold]; what a change changes: "
        "[bold]ops manifests lab --against main[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    stack: Stack,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write one file for each object into this folder.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", help="Tell what differs from these: a folder of manifests, or a revision."),
    ] = None,
    release: Annotated[Release, typer.Option("--release", help=_RELEASE)] = Release.AUTO,
    form: Annotated[
        Form, typer.Option("--format", help="How differences are written; text is YAML without --against.")
    ] = Form.TEXT,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    project: Project = PROJECT,
) -> None:
    """All that a stack would create, as YAML: the same bytes in each run, and nothing secret.

    Needs no cluster, no secrets and no state. References stand where secrets and generated names would.

    --against compares by object and field. A revision of git makes its manifests with its own code.
    """
    form = Form.JSON if json else form
    if against == "":
        # As a variable of a pipeline that is not set: to print all manifests would look like "no difference".
        raise typer.BadParameter("--against names nothing.")
    if form is Form.MARKDOWN and not against:
        raise typer.BadParameter("markdown tells differences: it goes with --against.")
    made = _manifests(stack, release, project)
    if output:
        write_folder(output, stack, made)
        sys.stderr.write(f"{len(made)} objects are in {output}.\n")
    if against:
        _tell(stack, _differences(stack, against, made, project), form)
    elif form is Form.JSON:
        as_json(made)
    elif not output:
        plain(text_of(stack, made))


def _tell(stack: str, changes: list[Change], form: Form) -> None:
    if form is Form.JSON:
        as_json(difference_text.document(changes))
    elif form is Form.MARKDOWN:
        plain(difference_text.markdown(stack, changes))
    else:
        plain(difference_text.text(changes))


def _differences(stack: str, against: str, made: list[Json], project: Path) -> list[Change]:
    rendered = not _has_values(made)
    before = _before(stack, against, Release.HELM if rendered else Release.VALUES, project)
    if before and _has_values(before) == rendered:
        raise Cannot(
            f"The release is {'rendered' if rendered else 'there by its values'} now, and "
            f"{'there by its values' if rendered else 'rendered'} in {against}.\n"
            "    What follows: every object of it would seem to come or to go.\n"
            "    What to do:   make both with the same --release, where Helm and chart are at hand."
        )
    return differences(before, made)


def _has_values(made: list[Json]) -> bool:
    return any(one["kind"] == "Release" for one in made)


def _before(stack: str, against: str, release: Release, project: Path) -> list[Json]:
    if Path(against).is_dir():
        return read_folder(Path(against))
    with project_at(against, project) as there, tempfile.TemporaryDirectory(prefix="ops-before-") as folder:
        if stack not in names(there):
            return []
        run_ops(there, ["manifests", stack, "--release", release.value, "--output", folder])
        return read_folder(Path(folder))


def _manifests(stack: str, release: Release, project: Path) -> list[Json]:
    settings = settings_of(stack, project)
    named = KNOWN["namedSecrets"].path in config(stack, project)
    return of_stack(settings, _helm(settings, release, project), named=named)


def _helm(settings: Settings, release: Release, project: Path) -> Helm | None:
    """Give what renders the release; None, and a word about it, where its values stand for it."""
    if release is Release.VALUES:
        return None
    place = project / settings.chart.archive_path
    if release is Release.HELM or place.is_file():
        _fetch(settings, project)
    if helm := Helm.found(place):
        return helm
    lacking = "helm is not on PATH" if place.is_file() else f"there is no {settings.chart.archive_path}"
    if release is Release.HELM:
        raise Cannot(
            f"The release cannot be rendered: {lacking}.\n"
            "    What follows: its objects are not known.\n"
            "    What to do:   install Helm 3 or put it on PATH; --release values goes on without it."
        )
    sys.stderr.write(f"The release is not rendered, its values stand for it: {lacking}.\n")
    return None


def _fetch(settings: Settings, project: Path) -> None:
    """Have the chart in the project, and hold it against what was pinned."""
    try:
        source.load(settings.chart, project)
    except source.Unusable as unusable:
        raise Cannot(str(unusable.finding)) from None
