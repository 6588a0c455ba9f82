"""A file replaced as a whole: who stops half-way leaves the old one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ops.ending import Cannot


def replace(place: Path, text: str) -> None:
    """Put a text in a file's place, with its rights."""
    try:
        _replace(place.resolve(), text)
    except OSError as error:
        raise Cannot(f"{place} cannot be written: {error.strerror}. It is as it was.") from error


def put(place: Path, text: str) -> None:
    """The same for a file that may not be there yet, nor its folder."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    except OSError as error:
        raise Cannot(f"{place} cannot be written: {error.strerror}.") from error
    replace(place, text)


def _replace(place: Path, text: str) -> None:
    handle, scratch = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(place, scratch)
        Path(scratch).replace(place)
    except OSError:
        Path(scratch).unlink(missing_ok=True)
        raise
