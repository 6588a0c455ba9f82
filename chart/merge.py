"""Joins the values of the concerns. No layers and no last word: a second writer to a path is an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

Values = dict[str, Any]


class TwoWriters(Exception):
    """Two concerns write the same path of the values."""

    def __init__(self, path: str, first: str, second: str) -> None:
        super().__init__(f"{first} and {second} both write {path}: give the path to one of them")


def disjoint(parts: Iterable[tuple[str, Values]]) -> Values:
    """Join named parts into one tree; whose leaf or list lies on another's path raises TwoWriters."""
    whole: Values = {}
    owners: dict[str, str] = {}
    for owner, part in parts:
        _join(whole, part, "", owner, owners)
    return whole


def _join(whole: Values, part: Mapping[str, Any], at: str, owner: str, owners: dict[str, str]) -> None:
    for key, value in part.items():
        path = f"{at}.{key}" if at else key
        is_tree = isinstance(value, Mapping) and bool(value)
        if key in whole and not (is_tree and path not in owners):
            raise TwoWriters(path, owners.get(path) or _below(path, owners), owner)
        if is_tree:
            _join(whole.setdefault(key, {}), value, path, owner, owners)
        else:
            whole[key] = deepcopy(value)
            owners[path] = owner


def _below(path: str, owners: Mapping[str, str]) -> str:
    return next(owner for place, owner in owners.items() if place.startswith(f"{path}."))
