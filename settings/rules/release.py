"""Rules about generations of secrets."""

from __future__ import annotations

from collections.abc import Iterator

from settings.finding import Finding
from settings.secrets import Secrets


def keys_are_newest_first(secrets: Secrets) -> Iterator[Finding]:
    """Want the order that decides which key encrypts."""
    keys = secrets.generations.crypt_keys
    if list(keys) != sorted(set(keys), reverse=True) or min(keys) < 1:
        yield Finding(
            path="settings.secrets.generations.cryptKeys",
            rule="D16",
            what=f"{list(keys)} is not a falling list of generations from 1.",
            follows="An old key would go on encrypting, so that it can never be retired.",
            remedy="Put the newest first, such as [2, 1]; drop the old one after everybody signed in again.",
        )


RULES = (keys_are_newest_first,)
