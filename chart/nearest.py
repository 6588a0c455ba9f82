"""Versions near one that does not exist, for a message."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(.*)")


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Name the released versions that are nearest, in their order."""
    numbers = {version: found for version in known if (found := _numbers(version))}
    here = _numbers(wanted) or (0, 0, 0)
    by_distance = sorted(numbers, key=lambda version: _distance(numbers[version], here))
    near = sorted(by_distance[:5], key=lambda version: numbers[version])
    return f"Nearest: {', '.join(near)}." if near else "It has no released version of it."


def _numbers(version: str) -> tuple[int, int, int] | None:
    found = _NUMBERS.fullmatch(version)
    if found is None or "-" in found[4]:
        return None
    return int(found[1]), int(found[2]), int(found[3])


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(abs(left - right) for left, right in zip(one, other, strict=True))
