"""Homes that a change would make smaller: said, since those that are there stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.preview.steps import RELEASE, Step
from settings.capabilities import EVERYONE
from settings.names import amount

_SIZE = ("singleuser", "storage", "capacity")
_ROWS = ("custom", "capabilities")


def smaller(step: Step) -> Iterator[str]:
    """Give whose new homes are smaller than those that the same people were given before."""
    if step.type != RELEASE or step.what != "update":
        return
    before, after = (_sizes(values.get("values")) for values in (step.old, step.new))
    common = after.get(EVERYONE)
    for who, had in before.items():
        # A row that is gone leaves its members what everyone has.
        gets = after.get(who, common)
        if gets and amount(gets) < amount(had):
            yield f"{who}: {had} -> {gets}"


def _sizes(values: object) -> dict[str, str]:
    """Give the size of a new home of everyone's, and of each group that has another."""
    common = _at(values, *_SIZE)
    if not isinstance(common, str):
        return {}
    rows = {EVERYONE: _at(values, *_ROWS, EVERYONE), **(_at(values, *_ROWS, "groups") or {})}
    own = {name: _at(row, "home", "size") for name, row in rows.items()}
    return {EVERYONE: common, **{name: size for name, size in own.items() if isinstance(size, str)}}


def _at(tree: object, *path: str) -> Any:  # noqa: ANN401 -- JSON
    for part in path:
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(part)
    return tree
