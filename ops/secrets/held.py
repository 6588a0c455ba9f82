"""What a stack file holds of secrets, by name alone: encrypted values are neither decrypted nor looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from settings import Settings
from settings.credentials import unused
from settings.finding import Finding
from settings.flat import KNOWN, PROJECT, misplaced, needed
from settings.stack_file import KEY, encrypted


@dataclass(frozen=True)
class Held:
    """The keys of a stack file's config, and those among them whose values are encrypted."""

    present: frozenset[str]
    encrypted: frozenset[str]

    @classmethod
    def by(cls, config: Mapping[str, Any]) -> Held:
        """Read the names in a stack file's section `config`."""
        return cls(frozenset(config), encrypted(config))

    @property
    def nested(self) -> bool:
        """Tell whether a secret stands inside of the settings, where it must not be looked at."""
        return KEY in self.encrypted

    def has(self, key: str) -> bool:
        """Tell whether a flat key is set, and encrypted."""
        return f"{PROJECT}:{key}" in self.encrypted

    def misplaced(self) -> list[Finding]:
        """Judge the names: in plain text, unknown, inside of the settings."""
        return list(misplaced(self.present, self.encrypted))

    def unused(self, settings: Settings) -> Iterator[Finding]:
        """Name what is set, and not wanted by the settings."""
        wanted = {row.key for row in needed(settings)}
        for key, row in KNOWN.items():
            if self.has(key) and key not in wanted:
                yield unused(row)
