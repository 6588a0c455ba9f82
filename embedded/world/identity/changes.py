"""What differs just now at the provider, by a file that may change while it runs: roles, and faults.

The file is a JSON object. A key is what a person types as name, or `everybody`; a value is a `Change`. Where
there is no file nothing differs, and what cannot be read is an error of whoever is served meanwhile: a try
that silently goes on without its fault would show nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

EVERYBODY = "everybody"
Place = Literal["page", "token", "api"]
"""The pages that people see; the exchange of codes and refresh tokens; what is asked with an access token."""
Fault = Literal[
    "overage",
    "revoked",
    "disabled",
    "unassigned",
    "forged",
    "rotated",
    "withdrawn",
    "replayed",
    "declined",
    "once",
    "fails",
    "cut",
    "forbids",
    "limits",
    "spent",
    "throttles",
    "oversized",
]


@dataclass(frozen=True)
class Change:
    """What differs for one person, or for everybody."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    """Laid over what the directory knows: `groups`, `roles`, `teams`, `login`, `id`, `amr`."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """Laid over what the hub is told, whatever the directory knows; null leaves a claim out."""
    faults: frozenset[str] = frozenset()
    slow: float = 0.0
    """Seconds before an answer."""
    at: tuple[str, ...] = ("token", "api")
    """Where `fails`, `cut`, `forbids`, `limits`, `spent`, `throttles`, `oversized` and `slow` hold."""
    ahead: float = 0.0
    """Seconds by which the provider's clock is ahead when it signs; less than none: behind."""

    def __or__(self, other: Change) -> Change:
        """Lay another one over this one; its places hold where it has a fault for them."""
        return Change(
            claims={**self.claims, **other.claims},
            told={**self.told, **other.told},
            faults=self.faults | other.faults,
            slow=max(self.slow, other.slow),
            ahead=self.ahead + other.ahead,
            at=other.at if other.faults or other.slow else self.at,
        )

    def over(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Give what the hub is told."""
        left_out = {name for name, value in self.told.items() if value is None}
        return {name: value for name, value in {**told, **self.told}.items() if name not in left_out}


def change(name: str, entry: Mapping[str, Any]) -> Change:
    """Read one entry of the file; a word that it does not know is an error, not a fault that never comes."""
    known = {one.name for one in fields(Change)}
    faults, places = entry.get("faults", ()), entry.get("at", Change.at)
    wrong = [*({*entry} - known), *({*faults} - {*get_args(Fault)}), *({*places} - {*get_args(Place)})]
    if wrong:
        raise ValueError(f"{name}: nobody knows {', '.join(sorted(wrong))}")
    return Change(**{**entry, "faults": frozenset(faults), "at": tuple(places)})


class Changes:
    """The file, read whenever somebody is served."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def of(self, name: str) -> Change:
        """Give what differs for somebody: what differs for everybody, and what does for this one."""
        if self._file is None or not self._file.is_file():
            return Change()
        found = {key.lower(): value for key, value in json.loads(self._file.read_text()).items()}
        mine, all_of_them = found.get(name.lower(), {}), found.get(EVERYBODY, {})
        return change(EVERYBODY, all_of_them) | change(name, mine)
