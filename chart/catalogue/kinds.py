"""Whether a value of the chart's values is one that a trait takes, as traitlets would judge it.

Strict where traitlets is not, in one thing: a truth value is no number here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chart.catalogue import Trait

Value = Any
SUFFIXES = "KMGT"
WORDS = {
    "any": "anything",
    "bool": "true or false",
    "bytes": "bytes as a number, or a number with K, M, G or T",
    "callable": "a function, which values cannot hold",
    "class": "the name of a class",
    "command": "a command: a list of strings, or one string",
    "dict": "a mapping",
    "float": "a number",
    "instance": "an object of Python, which values cannot hold",
    "int": "a whole number",
    "list": "a list",
    "set": "a list",
    "str": "a string",
    "tuple": "a list",
}


def fits(value: Value, trait: Trait) -> bool:
    """Say whether a trait takes a value."""
    # Traitlets makes a list of a string that is given for one, though not of one inside another value.
    return holds([value] if isinstance(value, str) and trait.kind in ("list", "set") else value, trait)


def holds(value: Value, trait: Trait) -> bool:
    """Say whether a value that is itself inside another may be held there."""
    if value is None:
        return trait.none or trait.kind == "any"
    return _FITS[trait.kind](value, trait)


def expected(trait: Trait) -> str:
    """Say in words what a trait takes."""
    if trait.kind == "union":
        said = " or ".join(dict.fromkeys(expected(one) for one in trait.either))
    elif trait.values:
        said = "one of " + ", ".join(str(value) for value in trait.values)
    else:
        said = WORDS[trait.kind] + _bounds(trait)
    if trait.each and trait.kind in ("list", "set", "dict"):
        said += f" of: {expected(trait.each)}"
    return f"{said}, or null" if trait.none else said


def named(value: Value) -> str:
    """Say what a value is, without saying the value: it may be a secret."""
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    if value is None:
        return "null"
    return names.get(type(value), "a mapping" if isinstance(value, Mapping) else "a list")


def _bounds(trait: Trait) -> str:
    least = f" of at least {trait.least}" if trait.least is not None else ""
    most = f" of at most {trait.most}" if trait.most is not None else ""
    return least + most


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _in_bounds(amount: float, trait: Trait) -> bool:
    return (trait.least is None or amount >= trait.least) and (trait.most is None or amount <= trait.most)


def _int(value: Value, trait: Trait) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and _in_bounds(value, trait)


def _float(value: Value, trait: Trait) -> bool:
    return _is_number(value) and _in_bounds(value, trait)


def _bytes(value: Value, trait: Trait) -> bool:
    if not isinstance(value, str):
        return _is_number(value)
    try:
        float(value[:-1])
    except ValueError:
        return False
    return value[-1] in SUFFIXES


def _list(value: Value, trait: Trait) -> bool:
    return (
        isinstance(value, list)
        and _in_bounds(len(value), trait)
        and all(trait.each is None or holds(item, trait.each) for item in value)
    )


def _set(value: Value, trait: Trait) -> bool:
    # Python's sets hold nothing that can change.
    return _list(value, trait) and not any(isinstance(item, (list, Mapping)) for item in value)


def _dict(value: Value, trait: Trait) -> bool:
    return isinstance(value, Mapping) and all(
        trait.each is None or holds(item, trait.each) for item in value.values()
    )


def _caseless(value: Value, trait: Trait) -> bool:
    return isinstance(value, str) and value.lower() in [str(one).lower() for one in trait.values]


def _enum(value: Value, trait: Trait) -> bool:
    return any(value == one and type(value) is type(one) for one in trait.values)


_FITS: dict[str, Callable[[Value, Trait], bool]] = {
    "any": lambda value, trait: True,
    "bool": lambda value, trait: isinstance(value, bool),
    "bytes": _bytes,
    "callable": lambda value, trait: False,
    "caseless": _caseless,
    "class": lambda value, trait: isinstance(value, str),
    "command": lambda value, trait: isinstance(value, str) or _list(value, trait),
    "dict": _dict,
    "enum": _enum,
    "float": _float,
    "instance": lambda value, trait: False,
    "int": _int,
    "list": _list,
    "set": _set,
    "str": lambda value, trait: isinstance(value, str),
    "tuple": _list,
    "union": lambda value, trait: any(holds(value, one) for one in trait.either),
}
