"""Settings of several stacks in one table: a row for each field, with its default where a file is silent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from settings import Settings
from settings.network import Reach

ABSENT = "-"
"""The stack has no such field: another choice was made above it, or another item is in the list."""
EMPTY = "(none)"
_ENTRY = ("name", "kind")
"""What names an item of a list, in this order."""
_CHOICES = ("kind", "provider", "controller", "source", "tool")
"""What a section's other fields depend on comes before them."""
_REACH = {str(field.alias) for field in Reach.model_fields.values()}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One field in every stack."""

    section: str
    path: str
    """Within the section."""
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether any stack has it otherwise; what is empty in one and not there in another is the same."""
        return len({EMPTY if value == ABSENT else value for value in self.values}) > 1


def rows(stacks: Sequence[Settings]) -> list[Row]:
    """Give every row, by section in the order of the models; within one the differences come first."""
    documents = [one.model_dump(by_alias=True, mode="json") for one in stacks]
    return [row for name in sections() for row in _section(name, [one[name] for one in documents])]


def sections() -> list[str]:
    """Name the sections as documents do."""
    return [str(field.alias or name) for name, field in Settings.model_fields.items()]


def _section(name: str, stacks: Sequence[Any]) -> list[Row]:
    flat = [dict(_leaves(one)) for one in stacks]
    found = [
        Row(section=name, path=path, values=tuple(one.get(path, ABSENT) for one in flat))
        for path in _joined(flat)
    ]
    return sorted(found, key=lambda row: not row.differs)


def _joined(flat: Sequence[Mapping[str, str]]) -> list[str]:
    """Give all paths: what a later stack has alone stands behind its neighbour there."""
    order: list[str] = []
    for one in flat:
        at = 0
        for path in one:
            if path in order:
                at = order.index(path) + 1
            else:
                order.insert(at, path)
                at += 1
    return [path for path in order if not _has_below(path, order)]


def _has_below(path: str, paths: Sequence[str]) -> bool:
    """Tell whether what one stack leaves out is spelt out in another: its fields say it then."""
    return bool(path) and any(one.startswith((f"{path}.", f"{path}[")) for one in paths)


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 -- JSON
    if isinstance(tree, dict) and tree and tree.keys() != _REACH:
        for name, below in sorted(tree.items(), key=lambda item: item[0] not in _CHOICES):
            yield from _leaves(below, f"{path}.{name}" if path else name)
    elif isinstance(tree, list) and tree and all(isinstance(item, dict) for item in tree):
        for name, item in _named(tree):
            yield from _leaves(item, f"{path}[{name}]")
    else:
        yield path, _text(tree)


def _named(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name items as people do, so that they are matched whatever their place; a second one gets a number."""
    seen: dict[str, int] = {}
    for at, item in enumerate(items, 1):
        key = next((key for key in _ENTRY if item.get(key)), "")
        name = str(item.get(key, f"#{at}"))
        seen[name] = seen.get(name, 0) + 1
        rest = {field: value for field, value in item.items() if field != key}
        yield (name if seen[name] == 1 else f"{name} #{seen[name]}"), rest


def _says(value: Any) -> bool:  # noqa: ANN401 -- JSON
    return value not in (None, False, [], {}, "")


def _text(value: Any) -> str:  # noqa: ANN401 -- JSON
    if value is None or value in ([], {}, ""):
        return EMPTY
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(below)}" for name, below in value.items() if _says(below))
    text = str(value)
    if "\n" not in text:
        return text
    # A bundle of certificates: whether it is the same one is what a table can say.
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{len(text.splitlines())} lines, SHA-256 {digest}"
