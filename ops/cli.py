"""The commands of `python -m ops`, one module for each."""

from __future__ import annotations

import typer

from ops import (
    break_glass,
    capabilities,
    check,
    compare,
    env,
    firewall,
    grow_homes,
    manifests,
    rights,
    values,
)
from ops.adopt import __main__ as adopt
from ops.comment import command as comment
from ops.ending import Commands
from ops.moving import command as moving
from ops.new_stack import command as new_stack
from ops.pipeline import command as pipeline
from ops.preview import command as preview
from ops.secrets import command as secrets
from ops.smoke import command as smoke
from ops.touched import command as touched
from ops.walls import command as walls
from ops.why import command as why

app = typer.Typer(
    name="ops",
    cls=Commands,
    help="What an operator types beside pulumi, over the same stack files.\n\n"
    "Exit codes: 0 fine; 1 findings, or refused; 2 it cannot be done.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (
    adopt,
    break_glass,
    capabilities,
    check,
    comment,
    compare,
    env,
    firewall,
    grow_homes,
    manifests,
    moving,
    new_stack,
    pipeline,
    preview,
    rights,
    secrets,
    smoke,
    touched,
    values,
    walls,
    why,
):
    command.register(app)


def _paragraphs(text: str) -> str:
    """Join the lines of each paragraph: help is as wide as its terminal, not as our lines."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


for one in app.registered_commands:
    one.help = _paragraphs(one.help or getattr(one.callback, "__doc__", None) or "")
