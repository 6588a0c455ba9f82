"""A fresh value for a pipe, and for nothing else: no screen, no file and no log gets to see it."""

from __future__ import annotations

import os
import secrets
import stat
import string
import sys

from ops.secrets.setting import LENGTHS, of_config
from settings import Settings
from settings.flat import KNOWN, PROJECT, needed

_LETTERS = string.ascii_letters + string.digits
"""People type it, and it stands in shells."""


class Unshown(Exception):
    """Why no value is made, for a person."""


def make(key: str, stack: str, settings: Settings) -> str:
    """Make a value for a flat key that the stack wants, if what reads it is a pipe."""
    name = key.removeprefix(f"{PROJECT}:")
    if name not in LENGTHS:
        raise Unshown(_not_here(name))
    if name not in {row.key for row in needed(settings)}:
        raise Unshown(f"{stack} does not use {name}: it is wanted with {KNOWN[name].when.replace('`', '')}.")
    if not _into_a_pipe() or os.environ.get("CI"):
        raise Unshown(
            "A new secret is written into a pipe only, and not in a pipeline, whose log would keep it. "
            "Nothing was made.\n"
            f"    What to do:   {of_config(KNOWN[name], stack)}"
        )
    return "".join(secrets.choice(_LETTERS) for _ in range(LENGTHS[name]))


def _not_here(name: str) -> str:
    if row := KNOWN.get(name):
        return (
            f"{name} cannot be made here: it comes from {row.origin}.\n"
            f"    What to do:   {row.command()}\n"
            f"    Made here:    {', '.join(LENGTHS)}."
        )
    return f"There is no secret of this name to make. Made here: {', '.join(LENGTHS)}."


def _into_a_pipe() -> bool:
    """Tell a pipe from a terminal, and from a file as well."""
    try:
        return stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):
        return False
