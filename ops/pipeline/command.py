"""`ops pipeline`: writes the child pipeline for the stacks that a change touches."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from ops.pipeline.child import document
from ops.pipeline.plan import plan
from ops.replacing import put
from ops.stack_files import PROJECT, Project
from ops.telling import as_json, plain
from ops.touched.command import Since

_HEAD = "# Written by `ops pipeline` for one change; docs/pipeline.md says what it needs.\n"
_WIDTH = 1000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "pipeline",
        epilog="Examples: [bold]ops pipeline --since main[/bold]; in GitLab: "
        "[bold]ops pipeline --output stacks.yml[/bold]",
    )(_command)


def _command(
    since: Since = None,
    stacks: Annotated[
        str | None,
        typer.Option(
            "--stacks",
            help="Which stacks this GitLab carries: patterns, by spaces. Default: $HUB_STACKS, else all.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write into this file instead of stdout.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON, which GitLab reads as well.")] = False,
    project: Project = PROJECT,
) -> None:
    """Write GitLab's child pipeline: each touched stack's preview and comment, after a merge its deployment.

    The jobs have credentials; the file says which of them wait for a person. Without a revision, as in a
    pipeline that was started by hand, every stack that this GitLab carries gets its jobs.
    """
    chosen = plan(since, (stacks or os.environ.get("HUB_STACKS") or "*").split(), project, os.environ)
    for words in chosen.words:
        sys.stderr.write(f"{words}\n")
    made = document(chosen, os.environ)
    if json:
        as_json(made)
        return
    text = _HEAD + yaml.safe_dump(made, sort_keys=False, width=_WIDTH, allow_unicode=True)
    if output:
        put(output, text)
    else:
        plain(text)
