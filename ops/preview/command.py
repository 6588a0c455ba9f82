"""`ops preview`: runs the preview of a stack, and tells it as one reads it in a merge request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.ending import FOUND, Cannot
from ops.preview.section import markdown
from ops.preview.told import Preview, as_document, told
from ops.replacing import put
from ops.stack_files import PROJECT, Project, Stack, place_of
from ops.telling import as_json, plain

_NO_PULUMI = "pulumi is not on PATH."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "preview",
        epilog="Examples: [bold]ops preview lab[/bold]; in a pipeline: "
        "[bold]ops preview lab --output lab.md[/bold]; "
        "[bold]pulumi preview --json | ops preview lab --from -[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    stack: Stack,
    source: Annotated[
        str | None,
        typer.Option("--from", help="Read what `pulumi preview --json` wrote: a file, or - for stdin."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write the section into this file; it is there after a failure too."),
    ] = None,
    drift: Annotated[
        bool,
        typer.Option(
            "--drift", help="Ask the cluster first for what others changed; end with 1 where any is."
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Write one JSON document instead of Markdown.")
    ] = False,
    project: Project = PROJECT,
) -> None:
    """Preview a stack, and say what it would do to people: as Markdown, the gravest first.

    It needs what `pulumi preview` needs: pulumi, the stack's state and secrets, the cluster. Nothing is
    changed, and no lock is taken. Secrets are not shown. It ends with 1 where the preview fails.
    """
    place_of(stack, project)
    found = _read(stack, source) if source else _run(stack, project, drift=drift)
    if json:
        as_json(as_document(found))
    _write(found, output, shown=not json)
    if found.failed:
        sys.stderr.write(f"The preview of {stack} failed.\n{found.failed}\n")
        raise typer.Exit(FOUND)
    if drift and found.steps:
        sys.stderr.write(f"What runs of {stack} is not what its settings say.\n")
        raise typer.Exit(FOUND)


def _write(found: Preview, output: Path | None, *, shown: bool) -> None:
    text = markdown(found, os.environ)
    if output:
        put(output, text)
    if shown:
        plain(text)


def _read(stack: str, source: str) -> Preview:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Cannot(
            f"{source} cannot be read as text.\n"
            "    What follows: there is no preview to tell.\n"
            "    What to do:   pulumi preview --json > FILE, and name that file."
        ) from error
    return told(stack, text)


def _run(stack: str, project: Path, *, drift: bool) -> Preview:
    command = ["pulumi", "preview", "--json", "--stack", stack, "--non-interactive", "--color", "never"]
    command += ["--refresh"] if drift else []
    sys.stderr.write(f"pulumi preview --stack {stack} ...\n")
    try:
        done = subprocess.run(
            command, cwd=project, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError:
        return Preview(stack=stack, counts={}, failed=_NO_PULUMI)
    return told(stack, done.stdout, done.stderr, done.returncode)
