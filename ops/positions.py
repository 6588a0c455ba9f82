"""Where in a stack file something stands: the line of a finding's path, so that a review shows it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from settings.finding import Finding

_SETTINGS = "jupyterhub:settings"


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file, counted from one as editors do."""

    line: int = 1
    column: int = 1


class Positions:
    """The nodes of a stack file."""

    def __init__(self, text: str) -> None:
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)

    def of(self, path: str) -> Position:
        """Give the place of a path; what is not there is told at the nearest part above it that is."""
        head, rest = _begun(path)
        here, at = self._root, Position()
        for name in ("config", head):
            found = _child(here, name)
            if found is None:
                return at
            at, here = found
        while rest and here and (step := _step(rest.lstrip("."), here)):
            at, here, taken = step
            rest = rest.lstrip(".")[taken:]
        return at

    def repeated(self) -> Iterator[tuple[Finding, Position]]:
        """Give each key that stands twice in one mapping: parsers in Python take the last, without a word."""
        yield from _repeated(self._root, "", set())


def _begun(path: str) -> tuple[str, str]:
    """Split a path into the key below `config` and what follows below that."""
    for prefix in ("settings.", "settings["):
        if path.startswith(prefix):
            return _SETTINGS, path[len("settings") :]
    # Values come of the document as a whole; no line of it is theirs.
    return (path, "") if ":" in path else (_SETTINGS, "")


def _child(here: yaml.Node | None, name: str) -> tuple[Position, yaml.Node] | None:
    if isinstance(here, yaml.MappingNode):
        for key, value in here.value:
            if key.value == name:
                return _at(key), value
    return None


def _step(rest: str, here: yaml.Node) -> tuple[Position, yaml.Node, int] | None:
    """Give the next part of a path, what lies there, and how many characters name it."""
    if isinstance(here, yaml.MappingNode):
        # The longest key first: a quota's own keys have dots in them.
        for key, value in sorted(here.value, key=lambda pair: len(str(pair[0].value)), reverse=True):
            name = str(key.value)
            if name and (rest == name or rest.startswith((f"{name}.", f"{name}["))):
                return _at(key), value, len(name)
    number = rest[1:].partition("]")[0] if rest.startswith("[") else ""
    if isinstance(here, yaml.SequenceNode) and number.isdecimal() and int(number) < len(here.value):
        item = here.value[int(number)]
        return _at(item), item, len(number) + 2
    return None


def _at(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def _repeated(node: yaml.Node | None, path: str, seen: set[int]) -> Iterator[tuple[Finding, Position]]:
    # An anchor may stand inside what it names.
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{number}]", seen)
    if isinstance(node, yaml.MappingNode):
        known: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            below = f"{path}.{name}" if path else name
            if name in known:
                yield _twice(below, name), _at(key)
            known.add(name)
            yield from _repeated(value, below, seen)


def _twice(path: str, name: str) -> Finding:
    return Finding(
        path=path.removeprefix("config.").replace(_SETTINGS, "settings", 1),
        rule="yaml",
        what=f"the key {name} stands twice in one section.",
        follows="pulumi refuses the file, and whoever reads it takes one of the two for what holds.",
        remedy="Keep the one that is meant.",
    )
