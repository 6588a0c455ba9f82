"""What somebody may: the rows of their groups and that of everyone, added up.

Runs in the hub. The rows come from the settings; who is in which group is what the hub last heard of the
identity provider, or for a shared password what the settings say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

FOLDER = ("none", "read", "write")


@dataclass(frozen=True)
class May:
    """What one user may."""

    profiles: tuple[str, ...]
    services: tuple[str, ...]
    folder: str
    servers: int
    home: str | None
    """None: the size that every home has."""


class Rows:
    """The rows of all groups, by what the hub calls each."""

    def __init__(self, given: Mapping[str, Any], machines: Collection[str] = ()) -> None:
        self.given = given
        self.machines = frozenset(machines)

    def of(self, user: Any) -> May:  # noqa: ANN401 -- the hub's
        """Tell what a user may. Users that a machine works as, and nobody signs in as, may use everything."""
        if user.name in self.machines:
            every = tuple(self.given["services"])
            return May(tuple(self.given["profiles"]), every, "write", 1, None)
        return self.together(self._groups(user))

    def together(self, groups: Collection[str]) -> May:
        """Add up: who is in several groups has what any of them gives."""
        known = self.given["groups"]
        mine = [self.given["everyone"], *(known[name] for name in sorted(groups) if name in known)]
        homes = [row["home"] for row in mine if "home" in row]
        return May(
            profiles=_any(self.given["profiles"], mine, "profiles"),
            services=_any(self.given["services"], mine, "services"),
            folder=max((row["sharedFolder"] for row in mine), key=FOLDER.index),
            servers=max(row["servers"] for row in mine),
            home=max(homes, key=_bytes)["size"] if homes else None,
        )

    def _groups(self, user: Any) -> Collection[str]:  # noqa: ANN401 -- the hub's
        if "members" in self.given:
            named: Collection[str] = self.given["members"].get(user.name, ())
            return named
        return {group.name for group in user.groups}


def _any(names: Collection[str], rows: Collection[Mapping[str, Any]], field: str) -> tuple[str, ...]:
    return tuple(name for name in names if any(name in row[field] for row in rows))


def _bytes(home: Mapping[str, Any]) -> int:
    return int(home["bytes"])
