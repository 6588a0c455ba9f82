"""Microsoft Entra ID at version 2 of its endpoints, and the little of Microsoft Graph that knows groups."""

from __future__ import annotations

from typing import Any

from embedded.world.identity.applications import Application
from embedded.world.identity.grants import Grant, Refused
from embedded.world.identity.provider import Provider
from embedded.world.identity.web import Answer, Request, as_json

HOST = "login.microsoftonline.com"
GRAPH = "graph.microsoft.com"
HOUR = 3600.0


class Entra(Provider):
    """One tenant for each realm that an application is registered in."""

    kind = "entra"
    title = "Microsoft Entra ID"

    def respond(self, request: Request) -> Answer:
        """Answer a page of the login host, or Graph."""
        if request.host == GRAPH:
            return self._graph(request)
        tenant, _, rest = request.path.lstrip("/").partition("/")
        if rest == "oauth2/v2.0/authorize":
            found = self.applications.find(self.kind, request.query.get("client_id", ""), tenant)
            return self.authorize(request, found)
        if rest == "oauth2/v2.0/token":
            return self._token(request, tenant)
        if rest == "v2.0/.well-known/openid-configuration":
            return as_json(_discovery(tenant))
        if rest == "discovery/v2.0/keys":
            return as_json(self.tokens.keys())
        return as_json({"error": "not_found"}, 404)

    def _token(self, request: Request, tenant: str) -> Answer:
        application = self.applications.find(self.kind, request.form.get("client_id", ""), tenant)
        try:
            grant = self.grants.redeem(application, request.form)
        except Refused as refused:
            status = 401 if refused.error == "invalid_client" else 400
            return as_json({"error": refused.error, "error_description": refused.why}, status)
        mine = grant.asked.application
        return as_json(
            {
                "token_type": "Bearer",
                "scope": " ".join(grant.asked.scope),
                "expires_in": int(HOUR),
                "access_token": self.access_token(mine, grant.person, grant.asked.scope),
                "id_token": self.tokens.sign(_claims(mine, grant), HOUR),
            }
        )

    def _graph(self, request: Request) -> Answer:
        found = self.bearer(request)
        if found is None:
            return as_json({"error": {"code": "InvalidAuthenticationToken"}}, 401)
        _, person, _ = found
        if request.path == "/v1.0/me":
            names = {"userPrincipalName": person.name, "displayName": person.claims["title"]}
            return as_json({"id": person.claims["id"], **names})
        if request.path == "/v1.0/me/memberOf":
            groups = [{"@odata.type": "#microsoft.graph.group", "id": it} for it in person.claims["groups"]]
            return as_json({"value": groups})
        return as_json({"error": {"code": "ResourceNotFound"}}, 404)


def _claims(application: Application, grant: Grant) -> dict[str, Any]:
    person = grant.person
    claims = {
        "ver": "2.0",
        "iss": f"https://{HOST}/{application.realm}/v2.0",
        "aud": application.client_id,
        "tid": application.realm,
        "sub": person.claims["id"],
        "oid": person.claims["id"],
        "preferred_username": person.name,
        "name": person.claims["title"],
        "email": person.claims["email"],
        # Object ids, as an application gets them that is registered with the claim `groups`.
        "groups": list(person.claims["groups"]),
    }
    return claims | ({"nonce": grant.asked.nonce} if grant.asked.nonce else {})


def _discovery(tenant: str) -> dict[str, Any]:
    base = f"https://{HOST}/{tenant}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
