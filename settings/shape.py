"""What pydantic found wrong with the shape of a document, as findings that a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from settings.finding import Finding
from settings.section import Section

_DISCRIMINATORS = ("provider", "controller", "source", "kind")
_FOLLOWS = "The document cannot be read as settings, so nothing is deployed."


def findings(error: ValidationError, document: object) -> list[Finding]:
    """Give one finding for each fault of the shape."""
    faults = error.errors()
    return [_finding(fault, document) for fault in faults if not _follows_from_another(fault, faults)]


def _follows_from_another(fault: ErrorDetails, faults: list[ErrorDetails]) -> bool:
    """Tell a list that is too short only because pydantic took its faulty items out."""
    depth = len(fault["loc"])
    return fault["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == fault["loc"] for other in faults
    )


def _finding(fault: ErrorDetails, document: object) -> Finding:
    path = location(fault["loc"], document)
    what, remedy = _words(fault, path)
    return Finding(path=path, rule="shape", what=what, follows=_FOLLOWS, remedy=remedy)


def location(parts: Sequence[int | str], document: object) -> str:
    """Write pydantic's location as a path in the document.

    Pydantic names the chosen member of a union as if it were a key; such a part is left out. It comes first
    after the union, and once: a member may be named like one of its fields (`source: path` and `path`).
    """
    path, here, named = "settings", document, False
    for part in parts:
        if isinstance(here, Mapping) and not named and _is_choice(here, part):
            named = True
            continue
        named = False
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
        here = _child(here, part)
    return path


def _is_choice(here: Mapping[Any, Any], part: int | str) -> bool:
    return any(here.get(key) == part for key in _DISCRIMINATORS)


def _child(here: object, part: int | str) -> object:
    if isinstance(here, Mapping):
        return here.get(part)
    if isinstance(here, Sequence) and not isinstance(here, str) and isinstance(part, int):
        return here[part] if part < len(here) else None
    return None


def _words(fault: ErrorDetails, path: str) -> tuple[str, str]:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "missing":
        return "this field is missing.", f"Add {path.removeprefix('settings.')} to the settings of the stack."
    if kind == "extra_forbidden":
        return "there is no such setting.", f"Remove it, or correct its name{_close(fault)}."
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        field = str(context.get("discriminator", "")).strip("'")
        choices = context.get("expected_tags", "see the editor's schema")
        return f"{field} names no known choice.", f"Choose one of: {choices}."
    return f"{fault['msg']}.", "Correct the value; the editor's schema (schemas/) shows what is allowed."


def _close(fault: ErrorDetails) -> str:
    known = {alias.lower(): alias for alias in _aliases(Section)}
    close = difflib.get_close_matches(str(fault["loc"][-1]).lower(), list(known), n=1)
    return f" (did you mean {known[close[0]]}?)" if close else ""


def _aliases(section: type[Section]) -> Iterator[str]:
    """Give the outside names of all settings."""
    for kind in section.__subclasses__():
        yield from (field.alias or name for name, field in kind.model_fields.items())
        yield from _aliases(kind)
