"""Manifests as text and as files: written so that two runs give the same bytes, and read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ops.ending import Cannot
from ops.objects import Identity
from ops.readable import readable

Json = dict[str, Any]
_MARK = "# ops manifests: "


def text_of(stack: str, made: Sequence[Json]) -> str:
    """Write all objects as one text."""
    head = f"{_MARK}stack {stack}. <secret: ...> and <name: ...> stand for what a deployment fills in.\n"
    return head + "".join(f"---\n{readable(one)}" for one in made)


def write_folder(folder: Path, stack: str, made: Sequence[Json]) -> None:
    """Write one file for each object, and remove those that an earlier run left and that are no more."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = {Identity.of(one).file: f"{_MARK}stack {stack}\n{readable(one)}" for one in made}
        for old in sorted(folder.iterdir()):
            _ours(old)
        for old in folder.iterdir():
            if old.name not in files:
                old.unlink()
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Cannot(
            f"{folder} cannot be written: {error.strerror}.\n"
            "    What follows: the manifests are not there, or not all of them.\n"
            "    What to do:   name a folder that can be written."
        ) from error


def _ours(place: Path) -> None:
    """Refuse to write beside what somebody else put there: it would look like an object of the stack."""
    if place.is_file() and place.suffix == ".yaml":
        with place.open(encoding="utf-8", errors="replace") as opened:
            if opened.readline().startswith(_MARK):
                return
    raise Cannot(
        f"{place} was not written by `ops manifests`.\n"
        "    What follows: nothing was written, so that nothing of yours is lost.\n"
        "    What to do:   name a new folder, or an empty one."
    )


def read_folder(folder: Path) -> list[Json]:
    """Read what was written into a folder."""
    places = sorted(folder.glob("*.yaml"))
    if not places:
        raise Cannot(
            f"{folder} has no manifests.\n"
            "    What follows: there is nothing to compare with.\n"
            "    What to do:   write them first: bin/ops manifests <stack> --output <folder>."
        )
    try:
        return [one for place in places for one in _documents(place)]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, LookupError, TypeError) as error:
        # Not the parser's own words: who knows what somebody put there.
        raise Cannot(
            f"{folder} has files that are no manifests ({type(error).__name__}).\n"
            "    What follows: there is nothing to compare with.\n"
            "    What to do:   write it anew: bin/ops manifests <stack> --output <folder>."
        ) from error


def _documents(place: Path) -> list[Json]:
    found = [one for one in yaml.safe_load_all(place.read_text(encoding="utf-8")) if one]
    for one in found:
        Identity.of(one)
    return found
