"""Cloudflare Access as an OpenID Connect provider: one set of endpoints for each application of a team."""

from __future__ import annotations

from typing import Any, ClassVar

from embedded.world.identity.applications import Application, Person
from embedded.world.identity.grants import Refused
from embedded.world.identity.provider import DAY, Provider
from embedded.world.identity.web import Answer, Request, as_json

ROOT = "/cdn-cgi/access/sso/oidc/"


class Cloudflare(Provider):
    """<team>.cloudflareaccess.com."""

    kind = "cloudflare"
    title = "Cloudflare Access"

    words: ClassVar = {
        "disabled": "That account does not have access.",
        "unassigned": "That account does not have access.",
        "revoked": "The session was revoked.",
    }

    def answer(self, request: Request) -> Answer:
        """Answer one of an application's endpoints."""
        client_id, _, rest = request.path.removeprefix(ROOT).partition("/")
        team = request.host.partition(".")[0]
        application = self.applications.find(self.kind, client_id, team)
        if not request.path.startswith(ROOT) or application is None:
            return as_json({"error": "not_found"}, 404)
        if rest == "authorization":
            asks_for_itself = request.query.get("client_id") == client_id
            return self.authorize(request, application if asks_for_itself else None)
        if rest == "token":
            return self._exchanged(request, application)
        if rest == "userinfo":
            return self._userinfo(request)
        public = {"jwks": self.public_keys(), ".well-known/openid-configuration": _discovery(application)}
        return as_json(public[rest]) if rest in public else as_json({"error": "not_found"}, 404)

    def _exchanged(self, request: Request, application: Application) -> Answer:
        mine = application if request.form.get("client_id") == application.client_id else None
        try:
            grant = self.exchange(mine, request.form)
        except Refused as refused:
            status = 401 if refused.error == "invalid_client" else 400
            return as_json({"error": refused.error, "error_description": refused.why}, status)
        who = _told(grant.person, grant.asked.scope)
        nonce = grant.asked.nonce or None
        issued = {"iss": _base(application), "aud": application.client_id, "nonce": nonce}
        return as_json(
            {
                "access_token": self.access_token(grant),
                # An option of the application: no scope is asked for it.
                "refresh_token": self.refresh_token(grant),
                "id_token": self.id_token(grant.person, {**issued, **who}, DAY),
                "token_type": "Bearer",
                "scope": " ".join(grant.asked.scope),
                "expires_in": int(DAY),
            }
        )

    def _userinfo(self, request: Request) -> Answer:
        found = self.bearer(request)
        if found is None or self.faults(found[1]) & {"revoked", "disabled", "unassigned"}:
            return as_json({"error": "invalid_token"}, 401)
        _, person, claims = found
        told = _told(person, tuple(claims["scope"]))
        return as_json(self.changes.of(person.name).over(told))


def _told(person: Person, scope: tuple[str, ...]) -> dict[str, Any]:
    """What the scopes let the hub know."""
    told: dict[str, Any] = {"sub": person.claims["id"]}
    if "email" in scope:
        told["email"] = person.claims["email"]
    if "profile" in scope:
        told["name"] = person.claims["title"]
    if "groups" in scope:
        told["groups"] = list(person.claims["groups"])
    return told


def _base(application: Application) -> str:
    return f"https://{application.host}{ROOT}{application.client_id}"


def _discovery(application: Application) -> dict[str, Any]:
    base = _base(application)
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorization",
        "token_endpoint": f"{base}/token",
        "userinfo_endpoint": f"{base}/userinfo",
        "jwks_uri": f"{base}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "groups"],
    }
