"""What a stack file holds of secrets, by name alone: encrypted values are neither decrypted nor looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.stack_files import KEY
from settings import Settings
from settings.credentials import unused
from settings.finding import Finding
from settings.flat import KNOWN, PROJECT, misplaced, needed


@dataclass(frozen=True)
class Held:
    """The keys of a stack file's config, and those among them whose values are encrypted."""

    present: frozenset[str]
    encrypted: frozenset[str]

    @classmethod
    def by(cls, config: Mapping[str, Any]) -> Held:
        """Read the names in a stack file's section `config`."""
        encrypted = {key for key, value in config.items() if _has_secure(value)}
        return cls(frozenset(map(str, config)), frozenset(map(str, encrypted)))

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


def _has_secure(value: object) -> bool:
    """Look for `secure:`, at any depth: the settings must have none."""
    if isinstance(value, Mapping):
        alone = set(value) == {"secure"} and isinstance(value["secure"], str)
        return alone or any(_has_secure(inner) for inner in value.values())
    return isinstance(value, list) and any(_has_secure(inner) for inner in value)


def is_nested(config: Mapping[str, Any]) -> bool:
    """Tell whether a secret stands inside of the settings, where it must not be looked at."""
    return _has_secure(config.get(KEY))
