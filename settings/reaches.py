"""Every Reach of a document with its path, found by type: a new section cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from settings.network import Reach

Placed = tuple[str, Reach]


def reaches(part: object, path: str) -> Iterator[Placed]:
    """Walk a part of the settings and give each Reach in it with its path."""
    if isinstance(part, Reach):
        yield path, part
    elif isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            yield from reaches(getattr(part, name), f"{path}.{field.alias}")
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from reaches(value, f"{path}.{key}")
    elif isinstance(part, tuple):
        for at, value in enumerate(part):
            yield from reaches(value, f"{path}[{at}]")
