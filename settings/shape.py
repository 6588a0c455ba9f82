"""What pydantic found wrong with the shape of a document, as findings that a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from settings.finding import Finding
from settings.section import Section
from settings.transcribed import told

_DISCRIMINATORS = ("provider", "controller", "source", "kind", "tool")
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
    if known := told(fault, document):
        return Finding(
            path=path, rule=known.rule, what=known.what, follows=known.follows, remedy=known.remedy
        )
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
        return _unknown(fault)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        field = str(context.get("discriminator", "")).strip("'")
        return f"{field} names no known choice.", f"Choose one of: {context.get('expected_tags', _SCHEMA)}."
    if kind in ("literal_error", "enum"):
        return f"{_given(fault)} is no choice here.", f"Choose one of: {context.get('expected', _SCHEMA)}."
    if wanted := _WANTED.get(kind):
        return f"{_given(fault)} stands where {wanted} belongs.", _REMEDIES.get(kind, _CORRECT)
    return f"{fault['msg'].replace('Input should be', 'It should be')}.", _CORRECT


def _unknown(fault: ErrorDetails) -> tuple[str, str]:
    if moved := _MOVED.get(_place(fault)):
        return "this is said elsewhere now.", moved
    return "there is no such setting.", f"Remove it, or correct its name{_close(fault)}."


def _place(fault: ErrorDetails) -> tuple[str, str]:
    """Give section and field, without what lies between them."""
    return str(fault["loc"][0]), str(fault["loc"][-1])


# Where something stood once, and where it is said now.
_MOVED = {
    ("auth", "allowed"): "Write capabilities: {<group>: {signIn: true}} for each of these groups.",
    ("auth", "administrators"): "Write capabilities: {<group>: {signIn: true, administrator: true}}; "
    "administrators are the members of a group.",
    ("auth", "organizations"): "Give each a name in auth.groups, such as {team: example:data-science}, and "
    "write capabilities: {team: {signIn: true}}.",
    ("profiles", "groups"): "Name the profile in capabilities: {<group>: {profiles: [<slug>]}}.",
}
_SCHEMA = "see the editor's schema (schemas/)"
_CORRECT = "Correct the value; the editor's schema (schemas/) shows what is allowed."
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "a section with fields of its own",
    "model_type": "a section with fields of its own",
    "model_attributes_type": "a section with fields of its own",
    "date_type": "a day, such as 2027-06-30,",
    "date_parsing": "a day, such as 2027-06-30,",
    "date_from_datetime_parsing": "a day, such as 2027-06-30,",
}
_WHOLE = {"tuple_type", "dict_type", "model_type", "model_attributes_type"}
_REMEDIES = {
    "string_type": 'Write text, and what looks like a number in quotes: "10".',
    "tuple_type": "Write a list: [first, second].",
}


def _given(fault: ErrorDetails) -> str:
    """Name what stands in the document, never at length."""
    given = fault["input"]
    if isinstance(given, Mapping):
        return "a section"
    if isinstance(given, Sequence) and not isinstance(given, str):
        return "a list"
    if fault["type"] in _WHOLE:
        # What stands in the place of a whole section is no value of a field, and may be a secret.
        return "nothing" if given is None else "a single value"
    text = {None: "nothing", True: "true", False: "false"}.get(given) if _is_word(given) else repr(given)
    return text if text and len(text) <= _LONGEST else "a long text"


_LONGEST = 60


def _is_word(given: object) -> bool:
    return given is None or isinstance(given, bool)


def _close(fault: ErrorDetails) -> str:
    known, wrong = _aliases(), str(fault["loc"][-1])
    close = difflib.get_close_matches(wrong.lower(), list(known), n=1)
    # The right name at the wrong place: to repeat it would help nobody.
    return f" (did you mean {known[close[0]]}?)" if close and known[close[0]] != wrong else ""


@cache
def _aliases() -> dict[str, str]:
    """Give the outside names of all settings, by themselves in lower case."""
    return {alias.lower(): alias for alias in _names(Section)}


def _names(section: type[Section]) -> Iterator[str]:
    for kind in section.__subclasses__():
        yield from (field.alias or name for name, field in kind.model_fields.items())
        yield from _names(kind)
