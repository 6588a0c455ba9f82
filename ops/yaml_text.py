"""Small edits of a YAML text by the places of its nodes: every other line, comment and quote stays as it is.

The parser says where a node stands, and the edit is made in the text. Afterwards the text is read again: if
anything else became different, the edit is refused, since a person edits better than a guess does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

Path = tuple[str, ...]


class Unclear(Exception):
    """The text is written in a way in which this edit would change something else too."""


def root(text: str) -> yaml.MappingNode:
    """Read the text as nodes."""
    try:
        found = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise Unclear("It cannot be read as YAML.") from error
    if not isinstance(found, yaml.MappingNode):
        raise Unclear("It is no mapping.")
    return found


def entry(text: str | yaml.MappingNode, path: Path) -> tuple[yaml.Node, yaml.Node] | None:
    """Give the nodes of key and value at a path of names, or nothing."""
    here: yaml.Node = root(text) if isinstance(text, str) else text
    found: tuple[yaml.Node, yaml.Node] | None = None
    for name in path:
        found = _child(here, name)
        if found is None:
            return None
        here = found[1]
    return found


def edited(text: str, changes: Mapping[Path, Any]) -> str:
    """Set each path to its value, and refuse if that changes anything else."""
    expected = _apart(_read(text))
    result = text
    for path, value in changes.items():
        result = _set(result, path, value)
        _lay(expected, path, value)
    if _read(result) != expected:
        raise Unclear(
            "The change would reach further than it should: anchors, or an unusual way to write it."
        )
    return result


def end_of(node: yaml.Node) -> int:
    """Give the place behind the last character of a node: the parser's own lies behind comments too."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _read(text: str) -> Any:  # noqa: ANN401 -- whatever the text holds
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Unclear("It cannot be read as YAML.") from error


def _apart(value: Any) -> Any:  # noqa: ANN401
    """Copy data so that no two places of it are one object, as those of an anchor are."""
    if isinstance(value, dict):
        return {key: _apart(inner) for key, inner in value.items()}
    return [_apart(inner) for inner in value] if isinstance(value, list) else value


def _child(node: yaml.Node, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    # Of a name that is there twice, the last one holds.
    return next((pair for pair in reversed(node.value) if pair[0].value == name), None)


def _set(text: str, path: Path, value: Any) -> str:  # noqa: ANN401
    if there := entry(text, path):
        return _replace(text, *there, value)
    above = entry(text, path[:-1])
    parent = above[1] if above else root(text) if len(path) == 1 else None
    if isinstance(parent, yaml.MappingNode):
        return _add(text, parent, path[-1], value)
    return _set(text, path[:-1], {path[-1]: value})


def _replace(text: str, key: yaml.Node, node: yaml.Node, value: Any) -> str:  # noqa: ANN401
    start, end = node.start_mark.index, end_of(node)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and _grows(node, value):
        indent = " " * node.start_mark.column
        return f"{text[:start]}- {_written(value[0])}\n{indent}{text[start:]}"
    # A block's list may stand right below its key; nothing else may.
    below = node.start_mark.line > key.start_mark.line and node.start_mark.column <= key.start_mark.column
    gap = " " if start == end or below else ""
    return f"{text[:start]}{gap}{_written(value)}{text[end:]}"


def _grows(node: yaml.SequenceNode, value: Any) -> bool:  # noqa: ANN401
    """Tell whether a block's list gets one item more, at its head."""
    return isinstance(value, list) and value[1:] == yaml.constructor.SafeConstructor().construct_document(
        node
    )


def _add(text: str, parent: yaml.MappingNode, name: str, value: Any) -> str:  # noqa: ANN401
    if not parent.value:
        start, end = parent.start_mark.index, parent.end_mark.index
        return f"{text[:start]}{{{name}: {_written(value)}}}{text[end:]}"
    end = end_of(parent.value[-1][1])
    if parent.flow_style:
        return f"{text[:end]}, {name}: {_written(value)}{text[end:]}"
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    return f"{text[:line_end]}\n{' ' * parent.start_mark.column}{name}: {_written(value)}{text[line_end:]}"


def _written(value: Any) -> str:  # noqa: ANN401
    """Write a value so that it can stand in a block and between the brackets of a flow alike."""
    text = yaml.safe_dump(
        [value], default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False
    )
    return text.strip()[1:-1]


def _lay(document: Any, path: Path, value: Any) -> None:  # noqa: ANN401
    for name in path[:-1]:
        if not isinstance(document.get(name), dict):
            document[name] = {}
        document = document[name]
    document[path[-1]] = value
