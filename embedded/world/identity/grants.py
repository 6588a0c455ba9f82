"""Authorization codes (RFC 6749, 7636): asked for by a browser, redeemed once and soon by the hub."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from embedded.world.identity.applications import Application, Person

LIFE = 60.0


class Refused(Exception):
    """A request that gets no code or no token: OAuth's word for why, and a sentence."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error = error
        self.why = why


@dataclass(frozen=True)
class Asked:
    """A checked request for a code."""

    application: Application
    state: str
    scope: tuple[str, ...]
    nonce: str
    challenge: str


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    asked: Asked
    person: Person
    until: float


def asked(application: Application | None, query: Mapping[str, str]) -> Asked:
    """Check what a browser brings: who asks, where the code may go, and the proof for later."""
    if application is None:
        raise Refused("unauthorized_client", "No application with this client_id is registered here.")
    if query.get("redirect_uri") != application.callback:
        raise Refused(
            "invalid_request",
            f"redirect_uri {query.get('redirect_uri')} is not registered; {application.callback} is.",
        )
    if query.get("response_type", "code") != "code":
        raise Refused("unsupported_response_type", "response_type must be code.")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise Refused("invalid_request", "code_challenge_method must be S256.")
    return Asked(
        application=application,
        state=query.get("state", ""),
        scope=tuple(query.get("scope", "").split()),
        nonce=query.get("nonce", ""),
        challenge=query.get("code_challenge", ""),
    )


class Grants:
    """The codes that were given and not redeemed yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._given: dict[str, Grant] = {}

    def give(self, request: Asked, person: Person) -> str:
        """Give a code for somebody who has signed in."""
        now = self._clock()
        self._given = {code: grant for code, grant in self._given.items() if grant.until > now}
        code = secrets.token_urlsafe(32)
        self._given[code] = Grant(request, person, now + LIFE)
        return code

    def whose(self, code: str) -> str:
        """Name who a code is for, whether it may still be redeemed or not."""
        grant = self._given.get(code)
        return grant.person.name if grant else ""

    def redeem(self, application: Application | None, form: Mapping[str, str]) -> Grant:
        """Take a code back from the hub; whatever comes of it, it is used up."""
        authenticate(application, form)
        if form.get("grant_type", "authorization_code") != "authorization_code":
            raise Refused("unsupported_grant_type", "grant_type must be authorization_code.")
        grant = self._given.pop(form.get("code", ""), None)
        if grant is None or grant.until <= self._clock() or grant.asked.application is not application:
            raise Refused("invalid_grant", "The code is unknown, used up or too old.")
        if form.get("redirect_uri", grant.asked.application.callback) != grant.asked.application.callback:
            raise Refused("invalid_grant", "redirect_uri is not the one that the code was sent to.")
        if grant.asked.challenge and grant.asked.challenge != _challenge(form.get("code_verifier", "")):
            raise Refused("invalid_grant", "code_verifier does not fit the code_challenge.")
        return grant


def authenticate(application: Application | None, form: Mapping[str, str]) -> None:
    """Check that it is the hub that asks."""
    given = form.get("client_secret", "").encode()
    if application is None or not secrets.compare_digest(application.client_secret.encode(), given):
        raise Refused("invalid_client", "client_id or client_secret is wrong.")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
