"""The hubs that are registered at the provider, and the people whom each of them may meet."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Person:
    """Somebody with a password, and what the provider tells of them."""

    name: str
    password: str = field(repr=False)
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class Application:
    """A registered hub."""

    provider: str
    host: str
    realm: str
    client_id: str
    callback: str
    client_secret: str = field(repr=False)
    people: tuple[Person, ...]

    def person(self, name: str) -> Person | None:
        """Find somebody by name; case does not count."""
        return next((who for who in self.people if who.name.lower() == name.lower()), None)

    def signs_in(self, name: str, password: str) -> Person | None:
        """Find who has this name and this password."""
        who = self.person(name)
        right = who is not None and secrets.compare_digest(who.password.encode(), password.encode())
        return who if right else None


class Applications:
    """All of them."""

    def __init__(self, known: Iterable[Application]) -> None:
        self._known = tuple(known)

    @classmethod
    def of(cls, facts: Iterable[Mapping[str, Any]]) -> Applications:
        """Read them from the service's configuration."""
        return cls(
            Application(**{**entry, "people": tuple(Person(**who) for who in entry["people"])})
            for entry in facts
        )

    def find(self, provider: str, client_id: str, realm: str | None = None) -> Application | None:
        """Find a registered hub of one provider, in one tenant or team where there are such."""
        for application in self._known:
            right = (application.provider, application.client_id) == (provider, client_id)
            if right and realm in {None, application.realm}:
                return application
        return None

    def provider_of(self, host: str) -> str:
        """Say whose pages a host serves."""
        return next((entry.provider for entry in self._known if entry.host == host), "")
