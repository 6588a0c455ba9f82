"""The stack files of a project: which there are, and what stands in one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from ops.ending import Cannot
from settings import Settings
from settings.document import read

PROJECT = Path(__file__).resolve().parents[1]
KEY = "jupyterhub:settings"


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
        return place.read_text(encoding="utf-8")
    except OSError as error:
        raise Cannot(f"{place} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Cannot(f"{place} is no text in UTF-8, so nobody can read settings from it.") from error


def document(stack: str, project: Path = PROJECT) -> dict[str, Any]:
    """Give a whole stack file as data."""
    return _document(place_of(stack, project))


def settings_of(stack: str, project: Path = PROJECT) -> Settings:
    """Give a stack's settings, or raise Refused with every finding."""
    return settings_in(place_of(stack, project))


def settings_in(place: Path) -> Settings:
    """Give the settings in a file, or raise Refused with every finding."""
    return read(_document(place)["config"].get(KEY) or {}, today())


def _document(place: Path) -> dict[str, Any]:
    try:
        whole = yaml.safe_load(text_of(place))
    except yaml.YAMLError as error:
        # Not the parser's own words: its excerpt of the line could hold a secret.
        raise Cannot(f"{place} is no YAML. `ops check {place}` says where.") from error
    if not isinstance(whole, dict) or not isinstance(whole.get("config"), dict):
        raise Cannot(f"{place} has no section `config`. `ops check {place}` says more.")
    return whole


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
