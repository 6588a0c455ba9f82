"""What all three providers share: the page to sign in, and a code in exchange for a name and a password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from embedded.world.identity import page
from embedded.world.identity.applications import Application, Applications, Person
from embedded.world.identity.grants import Asked, Grants, Refused, asked
from embedded.world.identity.tokens import Tokens
from embedded.world.identity.web import Answer, Request, sent_to

DAY = 86400.0


class Provider:
    """One identity provider: a name that applications are registered under, and its pages."""

    kind: str
    title: str

    def __init__(self, applications: Applications, tokens: Tokens) -> None:
        self.applications = applications
        self.tokens = tokens
        self.grants = Grants()

    def respond(self, request: Request) -> Answer:
        """Answer one request to one of its hosts."""
        raise NotImplementedError

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
        return self._back(wanted, person)

    def access_token(self, application: Application, person: Person, scope: tuple[str, ...]) -> str:
        """Make a token with which the hub asks about somebody later."""
        claims = {"client": application.client_id, "sub": person.name, "scope": list(scope)}
        return self.tokens.sign({**claims, "kind": self.kind}, DAY)

    def bearer(self, request: Request) -> tuple[Application, Person, Mapping[str, Any]] | None:
        """Read whose access token came with a request."""
        claims = self.tokens.read(request.bearer)
        if claims is None or claims.get("kind") != self.kind:
            return None
        application = self.applications.find(self.kind, claims["client"])
        person = application.person(claims["sub"]) if application else None
        return (application, person, claims) if application and person else None

    def _back(self, wanted: Asked, person: Person) -> Answer:
        answer = {"code": self.grants.give(wanted, person)}
        if wanted.state:
            answer["state"] = wanted.state
        return sent_to(f"{wanted.application.callback}?{urlencode(answer)}")
