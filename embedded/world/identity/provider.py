"""What all three providers share: the page to sign in, codes and refresh tokens, and faults on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from embedded.world.identity import page
from embedded.world.identity.applications import Application, Applications, Person
from embedded.world.identity.changes import EVERYBODY, Changes
from embedded.world.identity.grants import Asked, Grant, Grants, Refused, asked, authenticate
from embedded.world.identity.tokens import Tokens
from embedded.world.identity.web import Answer, Request, as_json, sent_to

DAY = 86400.0
OVERSIZE = 1024 * 1024
# As the providers say it: OAuth and Graph by a status and a time to wait, GitHub by what is left of its
# allowance; its second allowance, for bursts, may be told by a sentence alone.
_FAILURES: Mapping[str, tuple[int, str, Mapping[str, str]]] = {
    "fails": (500, "The provider fails.", {}),
    "forbids": (403, "The provider forbids.", {}),
    "limits": (429, "Too many requests.", {"Retry-After": "30"}),
    "spent": (403, "API rate limit exceeded.", {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0"}),
    "throttles": (403, "You have exceeded a secondary rate limit.", {}),
}


class Provider:
    """One identity provider: a name that applications are registered under, and its pages."""

    kind: str
    title: str
    words: ClassVar[Mapping[str, str]]
    """By fault: the sentence with which it refuses a token."""

    def __init__(self, applications: Applications, tokens: Tokens, changes: Changes) -> None:
        self.applications = applications
        self.tokens = tokens
        self.changes = changes
        self.grants = Grants()
        self._used: set[str] = set()

    def respond(self, request: Request) -> Answer:
        """Answer one request to one of its hosts, or fail as the file of changes says."""
        place, name = self._whose(request)
        change = self.changes.of(name)
        faults = change.faults if place in change.at else frozenset()
        delay = change.slow if place in change.at else 0.0
        if "cut" in faults:
            return Answer(500, delay=delay, cut=True)
        for fault in faults & {*_FAILURES}:
            status, words, headers = _FAILURES[fault]
            failed = as_json({"error": words, "message": words}, status)
            return replace(failed, delay=delay, headers={**failed.headers, **headers})
        answer = self.answer(request)
        if "oversized" in faults and answer.body:
            # JSON may end in white space, as much as one likes.
            answer = replace(answer, body=answer.body + b" " * OVERSIZE)
        return replace(answer, delay=delay)

    def answer(self, request: Request) -> Answer:
        """Answer as somebody does where nothing is wrong."""
        raise NotImplementedError

    def known(self, person: Person) -> Person:
        """Give somebody as the directory knows them now."""
        return replace(person, claims={**person.claims, **self.changes.of(person.name).claims})

    def authorize(self, request: Request, application: Application | None) -> Answer:
        """Show the page, or check what was typed and send the browser back with a code."""
        try:
            wanted = asked(application, request.query)
        except Refused as refused:
            return page.fault(self.title, refused.why)
        if request.method != "POST":
            return page.sign_in(self.title, request.target)
        form = request.form
        person = wanted.application.signs_in(form.get("username", ""), form.get("password", ""))
        if person is None:
            return page.sign_in(self.title, request.target, refused=True)
        try:
            self._welcome(person, "disabled", "unassigned")
        except Refused as refused:
            return page.fault(self.title, refused.why, 403)
        return self._back(wanted, person)

    def exchange(self, application: Application | None, form: Mapping[str, str]) -> Grant:
        """Take a code or a refresh token, and give what it stands for, for the person as known now."""
        if form.get("grant_type") == "refresh_token":
            grant = self._refreshed(application, form)
            self._welcome(grant.person, "revoked")
        else:
            grant = self.grants.redeem(application, form)
            self._welcome(grant.person, "replayed")
        self._welcome(grant.person, "disabled", "unassigned")
        return replace(grant, person=self.known(grant.person))

    def access_token(self, grant: Grant) -> str:
        """Make a token with which the hub asks about somebody later."""
        return self._token(grant, self.kind)

    def refresh_token(self, grant: Grant) -> str:
        """Make a token for new tokens.

        The one before it stays good, as Microsoft says of its own; with the fault `once` it does not.
        """
        return self._token(grant, f"{self.kind}, to refresh")

    def id_token(self, person: Person, claims: Mapping[str, Any], life: float) -> str:
        """Sign what the hub is told of somebody."""
        change = self.changes.of(person.name)
        # A key that was withdrawn is one that signed before the provider changed its keys.
        rotated = "rotated" in change.faults and "withdrawn" not in change.faults
        key = self.tokens.next() if rotated else self.tokens
        token = key.sign({**claims, **change.told}, life, change.ahead)
        signed, _, signature = token.rpartition(".")
        other = ("B" if signature[0] == "A" else "A") + signature[1:]
        return f"{signed}.{other}" if "forged" in change.faults else token

    def bearer(self, request: Request) -> tuple[Application, Person, Mapping[str, Any]] | None:
        """Read whose access token came with a request."""
        claims = self.tokens.read(request.bearer)
        if claims is None or claims.get("kind") != self.kind:
            return None
        application = self.applications.find(self.kind, claims["client"])
        person = application.person(claims["sub"]) if application else None
        return (application, self.known(person), claims) if application and person else None

    def public_keys(self) -> dict[str, Any]:
        """Give the keys that id tokens are signed with now."""
        rotated = "rotated" in self.changes.of(EVERYBODY).faults
        return (self.tokens.next() if rotated else self.tokens).keys()

    def faults(self, person: Person) -> frozenset[str]:
        """Give what is wrong with somebody."""
        return self.changes.of(person.name).faults

    def _whose(self, request: Request) -> tuple[str, str]:
        """Say which place a request comes to, and for whom."""
        if request.bearer:
            return "api", str((self.tokens.read(request.bearer) or {}).get("sub", ""))
        if "client_secret" in request.form:
            held = self.tokens.read(request.form.get("refresh_token", "")) or {}
            return "token", str(held.get("sub") or self.grants.whose(request.form.get("code", "")))
        return "page", request.form.get("username", "")

    def _welcome(self, person: Person, *faults: str) -> None:
        for fault in faults:
            if fault in self.faults(person):
                raise Refused("invalid_grant", self.words.get(fault, f"This account or token is {fault}."))

    def _refreshed(self, application: Application | None, form: Mapping[str, str]) -> Grant:
        authenticate(application, form)
        held = self.tokens.read(form.get("refresh_token", "")) or {}
        found = application if application and held.get("client") == application.client_id else None
        person = found.person(held["sub"]) if found else None
        if not found or not person or held.get("kind") != f"{self.kind}, to refresh":
            raise Refused("invalid_grant", "The refresh token is unknown or too old.")
        if form["refresh_token"] in self._used:
            self._welcome(person, "once")
        self._used.add(form["refresh_token"])
        return Grant(Asked(found, "", tuple(held["scope"]), "", ""), person, 0)

    def _token(self, grant: Grant, kind: str) -> str:
        client, scope = grant.asked.application.client_id, list(grant.asked.scope)
        return self.tokens.sign(
            {"client": client, "sub": grant.person.name, "scope": scope, "kind": kind}, DAY
        )

    def _back(self, wanted: Asked, person: Person) -> Answer:
        answer = {"code": self.grants.give(wanted, person)}
        if "declined" in self.faults(person):
            answer = {"error": "access_denied", "error_description": "The user declined."}
        if wanted.state:
            answer["state"] = wanted.state
        return sent_to(f"{wanted.application.callback}?{urlencode(answer)}")
