"""`ops comment`: puts sections into the one comment of a merge request."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ops.comment.notes import Note, Notes, Place, Unclear
from ops.comment.text import Comment, harmless, read
from ops.ending import Cannot
from ops.stack_files import text_of
from ops.telling import plain

_NAME = re.compile(r"[\w.-]+")
_KEY = "preview"
_TRIES = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "comment",
        epilog="Examples: [bold]ops comment preview/lab.md[/bold]; "
        "[bold]ops comment --dry-run preview/*.md[/bold]",
    )(_command)


def _command(  # noqa: PLR0913 -- one for each option
    files: Annotated[
        list[Path],
        typer.Argument(help="Sections as Markdown, each named as its stack: lab.md.", metavar="FILES..."),
    ],
    api: Annotated[str, typer.Option(envvar="CI_API_V4_URL", help="GitLab's API, .../api/v4.")] = "",
    project_id: Annotated[str, typer.Option(envvar="CI_MERGE_REQUEST_PROJECT_ID", help="The project.")] = "",
    merge_request: Annotated[
        str, typer.Option(envvar="CI_MERGE_REQUEST_IID", help="The merge request's number in it.")
    ] = "",
    pipeline: Annotated[
        int, typer.Option(envvar="CI_PIPELINE_ID", help="The pipeline; a comment of a later one stays.")
    ] = 0,
    key: Annotated[str, typer.Option(help="Which comment: those of other keys are left alone.")] = _KEY,
    only_there: Annotated[
        bool, typer.Option("--only-there", help="Change a comment that is there, and write no new one.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the text and send nothing; needs no token.")
    ] = False,
) -> None:
    """Put sections into the one comment of a merge request: new at first, later changed in place.

    The comment is found by a mark in it and by its author, the user of $HUB_COMMENT_TOKEN. Jobs of one
    pipeline add their sections; a later pipeline begins anew; an earlier one changes nothing.
    """
    if not _NAME.fullmatch(key):
        raise typer.BadParameter("a key has letters, digits, `-`, `_` and `.`")
    new = Comment(key=key, pipeline=pipeline, sections={_name(one): harmless(text_of(one)) for one in files})
    if dry_run:
        plain(new.written())
        return
    place = _place(api, project_id, merge_request, os.environ)
    sys.stderr.write(f"{_put(new, Notes(place), only_there=only_there)}\n")


def _name(file: Path) -> str:
    if _NAME.fullmatch(file.stem):
        return file.stem
    raise Cannot(
        f"{file} is not named as a stack is.\n"
        "    What follows: its section could not be found again.\n"
        "    What to do:   name it <stack>.md."
    )


def _place(api: str, project: str, merge_request: str, env: Mapping[str, str]) -> Place:
    given = {
        "--api": api,
        "--project-id": project,
        "--merge-request": merge_request,
        "HUB_COMMENT_TOKEN": env.get("HUB_COMMENT_TOKEN", ""),
    }
    if missing := [name for name, value in given.items() if not value]:
        raise Cannot(
            f"Not known: {', '.join(missing)}.\n"
            "    What follows: there is no merge request to write to.\n"
            "    What to do:   run it in a pipeline of a merge request, or name them; --dry-run prints "
            "the text. The token is a variable of the project (docs/pipeline.md)."
        )
    trusted = "" if env.get("REQUESTS_CA_BUNDLE") else env.get("CI_SERVER_TLS_CA_FILE", "")
    return Place(
        api=api.rstrip("/"),
        project=project,
        merge_request=merge_request,
        token=given["HUB_COMMENT_TOKEN"],
        authorities=trusted,
    )


def _put(new: Comment, notes: Notes, *, only_there: bool) -> str:
    for turn in range(_TRIES):
        found = _marked(notes, new.key)
        if found:
            return _changed(new, notes, found)
        if only_there:
            return "There is no comment to change."
        try:
            notes.write(new.written())
        except Unclear:
            if turn + 1 == _TRIES:
                raise
            # It may be there all the same.
            time.sleep(2.0**turn)
            continue
        break
    # Another pipeline may have written one in the meantime: the oldest is the one, and holds the latest.
    return _joined(new, notes)


def _joined(new: Comment, notes: Notes) -> str:
    found = _marked(notes, new.key)
    return "The comment is written." if len(found) < 2 else _changed(new, notes, found)


def _changed(new: Comment, notes: Notes, found: list[tuple[Note, Comment]]) -> str:
    latest = max((comment for _, comment in found), key=lambda comment: comment.pipeline)
    first, *others = (note for note, _ in found)
    if latest.pipeline > new.pipeline:
        text, words = (
            latest.written(),
            f"The comment is of pipeline {latest.pipeline}, which is later: it stays.",
        )
    else:
        text, words = new.beside(comment for _, comment in found).written(), "The comment is changed."
    if first.text.rstrip() != text.rstrip():
        notes.change(first.id, text)
    for note in others:
        notes.remove(note.id)
    return words


def _marked(notes: Notes, key: str) -> list[tuple[Note, Comment]]:
    return [(note, comment) for note in notes.mine() if (comment := read(note.text, key))]
