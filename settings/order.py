"""The order of findings: as the document has what they are about, so that one reads both side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from settings.finding import Finding

Position = tuple[int, ...]


def by_document(found: Sequence[Finding], document: object) -> list[Finding]:
    """Sort findings by where their paths lie in the document; those about one place stay as they came."""
    return sorted(found, key=lambda finding: position(finding.path, document))


def position(path: str, document: object) -> Position:
    """Give the place of a path, one number for each step; what is not there comes last in its section."""
    rest, here, place = path.removeprefix("settings"), document, []
    while rest:
        step, below, taken = _step(rest.lstrip("."), here)
        place.append(step)
        rest, here = rest.lstrip(".")[taken:], below
    return tuple(place)


def _step(rest: str, here: object) -> tuple[int, object, int]:
    """Give the number of the next step, what lies there, and how many characters name it."""
    if isinstance(here, Mapping):
        # The longest key first: a quota's own keys have dots in them.
        for key in sorted((key for key in here if isinstance(key, str)), key=len, reverse=True):
            if key and (rest == key or rest.startswith((f"{key}.", f"{key}["))):
                return list(here).index(key), here[key], len(key)
        return len(here), None, len(rest)
    number = rest[1:].partition("]")[0] if rest.startswith("[") else ""
    if isinstance(here, Sequence) and not isinstance(here, str) and number.isdecimal():
        at = int(number)
        return at, here[at] if at < len(here) else None, len(number) + 2
    return 0, None, len(rest)
