"""`ops touched`: which stacks a change touches, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ops.ending import Cannot
from ops.stack_files import PROJECT, Project, names
from ops.telling import as_json, plain, show, table
from ops.touched.changed import before, changed_since
from ops.touched.rules import Touched, touched

_SHOWN = 3

Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="The revision to compare with. In a pipeline of GitLab: where the merge request's branch began, "
        "or what the branch was before the push.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "touched",
        epilog="Examples: [bold]ops touched --since main[/bold]; "
        "[bold]ops touched --since HEAD~1 --json | jq -r '.stacks[].stack'[/bold]",
    )(_command)


def _command(
    since: Since = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", help="A changed file, instead of what git says; repeat.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON document.")] = False,
    bare: Annotated[
        bool, typer.Option("--names", help="Write the stacks' names alone, one in a line.")
    ] = False,
    project: Project = PROJECT,
) -> None:
    """Which stacks a change touches: the commits between a revision and HEAD.

    A stack's own file touches that stack; documentation and tests touch none; the program, its locks and its
    pipeline, and whatever is not known, touch all. A stack whose file is gone is named, and is not touched.
    """
    found = touched(file, names(project)) if file else of_change(since, project)
    if json:
        as_json(_document(found))
    elif bare:
        plain("".join(f"{name}\n" for name in found.names))
    else:
        _tell(found)


def of_change(since: str | None, project: Path) -> Touched:
    """Judge the commits since a revision, or since that which the pipeline names."""
    revision = since or before()
    if revision is None:
        raise Cannot(
            "There is no revision to compare with.\n"
            "    What follows: which stacks are touched is not known.\n"
            "    What to do:   name one: ops touched --since main. GitLab gives one to pipelines of merge "
            "requests and of pushes, not to those started by hand or by a schedule."
        )
    return touched(changed_since(revision, project), names(project))


def _document(found: Touched) -> dict[str, Any]:
    return {
        "stacks": [{"stack": stack, "because": list(why)} for stack, why in found.stacks],
        "gone": list(found.gone),
        "shared": list(found.shared),
        "changed": found.changed,
    }


def _tell(found: Touched) -> None:
    rows = table("stack", "because of")
    for stack, why in found.stacks:
        rows.add_row(escape(stack), escape(_shortened(why)))
    if rows.row_count:
        show(rows)
    for line in summary(found):
        show(escape(line))


def summary(found: Touched) -> list[str]:
    """Say in words what the table cannot: that nothing is touched, and what is gone."""
    files = "1 file changed" if found.changed == 1 else f"{found.changed} files changed"
    head = [] if found.stacks else [f"{files}, and no stack is touched."]
    return [
        *head,
        *(
            f"The file of {stack} is gone. Nothing is previewed for it, and what it deployed is still there: "
            f"from a commit that has the file, pulumi destroy --stack {stack}."
            for stack in found.gone
        ),
    ]


def _shortened(why: tuple[str, ...]) -> str:
    more = f" and {len(why) - _SHOWN} more" if len(why) > _SHOWN else ""
    return ", ".join(why[:_SHOWN]) + more
