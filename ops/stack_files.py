"""The stack files of a project: which there are, and what stands in one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.ending import Cannot
from settings import Settings, stack_file
from settings.document import Refused, inspect

PROJECT = Path(__file__).resolve().parents[1]


def names(project: Path = PROJECT) -> list[str]:
    """Give the name of every stack that has a file, sorted."""
    return sorted(stack_of(place) for place in project.glob("Pulumi.*.yaml"))


def stack_of(place: Path) -> str:
    """Give the stack's name out of the name of its file."""
    return place.name.removeprefix("Pulumi.").removesuffix(".yaml")


def place_of(stack: str, project: Path = PROJECT) -> Path:
    """Give the file of a stack that has one."""
    place = project / f"Pulumi.{stack}.yaml"
    if not place.is_file():
        known = ", ".join(names(project)) or "none"
        raise Cannot(
            f"There is no stack file {place}.\n"
            f"    What follows: nothing is known about a stack {stack}.\n"
            f"    What to do:   name one of these: {known}; or the project's folder by --project."
        )
    return place


def text_of(place: Path) -> str:
    """Read a file as text."""
    try:
        return stack_file.text_of(place)
    except stack_file.Unreadable as fault:
        raise Cannot(f"{place}: {fault}") from fault


def config(stack: str, project: Path = PROJECT) -> dict[str, Any]:
    """Give the section `config` of a stack's file."""
    return config_in(place_of(stack, project))


def config_in(place: Path) -> dict[str, Any]:
    """Give the section `config` of a stack file."""
    with _said_of(place):
        return stack_file.config_of(stack_file.data_of(stack_file.text_of(place)))


def document(stack: str, project: Path = PROJECT) -> dict[str, Any]:
    """Give the document of settings in a stack's file, as it stands there."""
    place = place_of(stack, project)
    with _said_of(place):
        found = stack_file.document_of(config_in(place))
    if not isinstance(found, dict):
        raise Refused(inspect(found, today())[1])
    return found


def settings_of(stack: str, project: Path = PROJECT) -> Settings:
    """Give a stack's settings, or raise Refused with every finding."""
    return settings_in(place_of(stack, project))


def settings_in(place: Path) -> Settings:
    """Give the settings in a file, or raise Refused with every finding."""
    with _said_of(place):
        return stack_file.settings_of(config_in(place), today())


@contextmanager
def _said_of(place: Path) -> Iterator[None]:
    try:
        yield
    except stack_file.Unreadable as fault:
        at = f"{place}:{fault.line}" if fault.line > 1 else f"{place}"
        raise Cannot(
            f"{at}: {fault}\n"
            "    What follows: nobody can read settings from it.\n"
            "    What to do:   correct the file, or restore it from git; the file of another stack shows how."
        ) from fault


def today() -> date:
    """Give the day by which settings are judged."""
    return datetime.now(tz=UTC).date()


def _completed(incomplete: str) -> list[str]:
    return [name for name in names() if name.startswith(incomplete)]


Stack = Annotated[
    str, typer.Argument(help="The stack, as in Pulumi.<stack>.yaml.", autocompletion=_completed)
]
StackOption = Annotated[
    str, typer.Option("--stack", help="The stack, as in Pulumi.<stack>.yaml.", autocompletion=_completed)
]
StackOptions = Annotated[
    list[str] | None,
    typer.Option("--stack", help="Only this stack; may be repeated.", autocompletion=_completed),
]
Project = Annotated[
    Path, typer.Option("--project", help="The folder of the stack files.", show_default=False)
]
Stacks = Annotated[
    list[str],
    typer.Argument(
        help="Stacks, each as in Pulumi.<stack>.yaml.", metavar="A B...", autocompletion=_completed
    ),
]
