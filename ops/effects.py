"""Which values of the chart a field changes: found by changing it in each committed stack."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from chart.values import build
from ops import stack_files
from ops.fields import Field, Schema, is_reach
from settings.document import Settings

SHOWN = 4
"""So many paths are named; what changes more than that changes a whole branch."""


@dataclass(frozen=True)
class Effects:
    """The committed stacks, each as a whole document (with its defaults) and its values."""

    stacks: tuple[tuple[dict[str, Any], dict[str, Any]], ...]

    @classmethod
    def of_committed_stacks(cls) -> Effects:
        """Read every Pulumi.<stack>.yaml."""
        found = []
        for stack in stack_files.names():
            settings = Settings.model_validate(stack_files.document(stack))
            found.append((settings.model_dump(by_alias=True, mode="json"), _leaves(build(settings))))
        return cls(tuple(found))

    def of(self, field: Field) -> tuple[str, ...]:
        """Give the paths of values that a change of the field changes in the first stack where it does."""
        tried = (_tried(field, document, before) for document, before in self.stacks)
        return _shortened(next(filter(None, tried), set()))


def _tried(field: Field, document: dict[str, Any], before: dict[str, Any]) -> set[str]:
    if not _chosen(field, document):
        return set()
    for changed in _changed(document, field.path, field.schema):
        try:
            after = _leaves(build(Settings.model_validate(changed)))
        except (ValidationError, LookupError, RuntimeError):
            continue  # not a document that passes the rules; another change may be
        if found := {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}:
            return found
    return set()


def _chosen(field: Field, document: dict[str, Any]) -> bool:
    if not field.choice or "const" in field.schema:
        return "const" not in field.schema
    tag, _, wanted = field.choice.partition(": ")
    here: Any = document
    for name in field.path[:-1]:
        if isinstance(here, dict) and here.get(tag) == wanted:
            return True
        here = here.get(name) if isinstance(here, dict) else None
    return isinstance(here, dict) and here.get(tag) == wanted


def _changed(document: dict[str, Any], path: tuple[str, ...], schema: Schema) -> Iterator[dict[str, Any]]:
    """Give copies of the document in which the value at the path (in each item of a list) is another."""
    items = _holders(document, path[:-1])
    for place in items:
        old = _at(document, place).get(path[-1])
        for value in _others(old, schema):
            changed = copy.deepcopy(document)
            _at(changed, place)[path[-1]] = value
            yield changed


def _holders(document: Any, path: tuple[str, ...], at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 -- JSON
    if not path:
        return [at] if isinstance(document, dict) else []
    if path[0] == "[]":
        if not isinstance(document, list):
            return []
        return [
            place for number, item in enumerate(document) for place in _holders(item, path[1:], (*at, number))
        ]
    if not isinstance(document, dict):
        return []
    if path[0] == "*":
        return [place for name, one in document.items() for place in _holders(one, path[1:], (*at, name))]
    return _holders(document.get(path[0]), path[1:], (*at, path[0]))


def _at(document: Any, place: tuple[Any, ...]) -> Any:  # noqa: ANN401 -- JSON
    for part in place:
        document = document[part]
    return document


def _others(old: object, schema: Schema) -> Iterator[object]:
    if is_reach(schema):
        yield from ({"cidrs": ["192.0.2.0/24"]}, {"namespace": "elsewhere"})
    elif "enum" in schema:
        yield from (value for value in schema["enum"] if value != old)
    elif schema.get("type") == "boolean":
        yield not old
    elif schema.get("type") == "integer":
        yield from (value for value in (7, 2, 30443) if value != old)
    elif schema.get("type") == "array":
        yield from _other_lists(old, schema)
    elif schema.get("type") == "object":
        yield from ({"example": "Example"}, {**(old if isinstance(old, dict) else {}), "example": "1"})
    else:
        yield from _other_texts(old, schema)


def _other_lists(old: object, schema: Schema) -> Iterator[object]:
    kept = list(old) if isinstance(old, (list, tuple)) else []
    for value in (*schema.get("items", {}).get("examples", ()), *_TEXTS, 7443):
        yield [*kept, value]
    yield kept[:-1]


_TEXTS = (
    "example",
    "Example",
    "https://example.org",
    "example.org",
    "192.0.2.7",
    "192.0.2.0/24",
    "2Gi",
    "45m",
    "2031-01-01",
    "1.33",
    "ada",
    "/example",
    "00000000-0000-4000-8000-000000000001",
    "example.org/example",
)


def _other_texts(old: object, schema: Schema) -> Iterator[object]:
    yield from (value for value in (*schema.get("examples", ()), *_TEXTS) if value != old)


def _leaves(tree: Any, at: str = "") -> dict[str, Any]:  # noqa: ANN401 -- JSON
    if isinstance(tree, dict) and tree:
        return {
            path: leaf
            for name, below in tree.items()
            for path, leaf in _leaves(below, f"{at}.{name}" if at else name).items()
        }
    return {at: tree}


def _shortened(paths: set[str]) -> tuple[str, ...]:
    """Name branches where the leaves are too many."""
    depth = 8
    found = sorted(paths)
    while len(found) > SHOWN and depth > 1:
        depth -= 1
        found = sorted({".".join(path.split(".")[:depth]) for path in paths})
    return tuple(found)
