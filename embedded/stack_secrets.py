"""The flat secrets that a stack wants: certificates, passwords, and what its surroundings give.

Passwords follow from the passphrase of this machine's engine and the stack's name: they stay from one run
to the next without another file that holds them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.node import company, pki
from embedded.world import plan

PROJECT = "jupyterhub"
Settings = Mapping[str, Any]
# A person types the testers' password; the administrators' must be long.
TYPED = 16


@dataclass(frozen=True)
class Maker:
    """Makes the secrets of one stack."""

    stack: str
    settings: Settings
    passphrase: str
    pki: Path
    given: Mapping[str, str]
    """What only the surroundings know: client secret, database password, tunnel token."""

    def all(self) -> dict[str, str]:
        """Return every secret that the stack wants, by its full key."""
        return {f"{PROJECT}:{key}": value for key, value in self._wanted()}

    def _wanted(self) -> Iterator[tuple[str, str]]:
        yield from self._certificate()
        source = self.settings["secrets"]["source"]
        if self._by_password and source == "config":
            yield "sharedPassword", self._password("sharedPassword")[:TYPED]
            if self.settings["auth"].get("administrators"):
                yield "adminPassword", self._password("adminPassword")
        if source in ("config", "generated"):
            yield from self._from_people()

    @property
    def _by_password(self) -> bool:
        return bool(self.settings["auth"]["provider"] == "sharedPassword")

    def _certificate(self) -> Iterator[tuple[str, str]]:
        names, source = plan.hosts_of(self.settings), self.settings["tls"]["source"]
        if source == "pem":
            pair = pki.ingress_certificate(self.pki, *names)
            yield "tlsCert", pair.certificate.read_text()
            yield "tlsKey", pair.key.read_text()
        if source == "pfx":
            password = self._password("tlsPfxPassword")
            yield "tlsPfx", base64.b64encode(company.pfx(self.pki, password, *names)).decode()
            yield "tlsPfxPassword", password

    def _from_people(self) -> Iterator[tuple[str, str]]:
        if not self._by_password:
            yield "oauthClientSecret", self._given("oauthClientSecret", self._password)
        if self.settings["database"]["kind"] == "external":
            yield "databasePassword", self._given("databasePassword", self._password)
        if self.settings["ingress"].get("tunnel"):
            yield "tunnelToken", self._given("tunnelToken", self._token)

    def _given(self, key: str, otherwise: Callable[[str], str]) -> str:
        return self.given.get(key) or otherwise(key)

    def _password(self, key: str) -> str:
        name = f"{self.stack}/{key}".encode()
        return hmac.new(self.passphrase.encode(), name, hashlib.sha256).hexdigest()

    def _token(self, key: str) -> str:
        """Make a token such as Cloudflare shows: account, tunnel and secret as JSON in base64."""
        account, tunnel = self._password("account")[:32], self._password("tunnel")[:32]
        parts = {"a": account, "t": tunnel, "s": self._password(key)}
        return base64.b64encode(json.dumps(parts).encode()).decode()
