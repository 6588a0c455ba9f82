"""A stack as it runs: its settings, and the cluster that they name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ops.kubectl import Kubectl
from ops.stack_files import PROJECT, place_of, settings_in
from settings import Settings

# `make env` sets it: on the embedded node a stack runs by a file that fits it to this machine.
Files = Annotated[
    Path,
    typer.Option(
        "--project", envvar="HUB_STACK_FILES", help="The folder of the stack files.", show_default=False
    ),
]
Context = Annotated[
    str | None,
    typer.Option("--context", help="Another context of the kubeconfig than `cluster.context`."),
]


@dataclass(frozen=True)
class Live:
    """A stack, and whom to ask about it."""

    stack: str
    settings: Settings
    cluster: Kubectl


def live(stack: str, project: Path = PROJECT, context: str | None = None) -> Live:
    """Read a stack's settings and point kubectl at its namespace; nothing is asked yet."""
    settings = settings_in(place_of(stack, project))
    cluster = Kubectl(settings.namespace.name, context or settings.cluster.context)
    return Live(stack, settings, cluster)
