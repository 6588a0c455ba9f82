"""Microsoft Entra ID at version 2 of its endpoints."""

from __future__ import annotations

from typing import Any, ClassVar

from embedded.world.identity import graph
from embedded.world.identity.grants import Grant, Refused
from embedded.world.identity.provider import Provider
from embedded.world.identity.web import Answer, Request, as_json

HOUR = 3600.0
# With more, a token names the place where they are found instead.
MOST_GROUPS = 200


class Entra(Provider):
    """One tenant for each realm that an application is registered in."""

    kind = "entra"
    title = "Microsoft Entra ID"
    words: ClassVar = {
        "disabled": "AADSTS50057: The user account is disabled.",
        "revoked": "AADSTS50173: The provided grant has expired due to it being revoked.",
        "unassigned": "AADSTS50105: The signed in user is not assigned to a role for the application.",
        "replayed": "AADSTS54005: OAuth2 Authorization code was already redeemed.",
    }

    def answer(self, request: Request) -> Answer:
        """Answer a page of the login host, or Graph."""
        if request.host in graph.HOSTS:
            # A revoked session ends at its next refresh: the access token lives out its hour.
            found = self.bearer(request)
            return graph.answer(request, found[1:] if found else None)
        tenant, _, rest = request.path.lstrip("/").partition("/")
        if rest == "oauth2/v2.0/authorize":
            found_one = self.applications.find(self.kind, request.query.get("client_id", ""), tenant)
            return self.authorize(request, found_one)
        if rest == "oauth2/v2.0/token":
            return self._exchanged(request, tenant)
        if rest == "v2.0/.well-known/openid-configuration":
            return as_json(_discovery(request.host, tenant))
        if rest == "discovery/v2.0/keys":
            return as_json(self.public_keys())
        return as_json({"error": "not_found"}, 404)

    def _exchanged(self, request: Request, tenant: str) -> Answer:
        application = self.applications.find(self.kind, request.form.get("client_id", ""), tenant)
        try:
            grant = self.exchange(application, request.form)
        except Refused as refused:
            status = 401 if refused.error == "invalid_client" else 400
            return as_json({"error": refused.error, "error_description": refused.why}, status)
        scope = grant.asked.scope
        told: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(scope),
            "expires_in": int(HOUR),
            "access_token": self.access_token(grant),
            "id_token": self.id_token(grant.person, self._claims(grant), HOUR),
        }
        return as_json(
            told | ({"refresh_token": self.refresh_token(grant)} if "offline_access" in scope else {})
        )

    def _claims(self, grant: Grant) -> dict[str, Any]:
        person, application = grant.person, grant.asked.application
        known = person.claims
        claims = {
            "ver": "2.0",
            "iss": f"https://{application.host}/{application.realm}/v2.0",
            "aud": application.client_id,
            "tid": application.realm,
            "sub": known["id"],
            "oid": known["id"],
            "preferred_username": person.name,
            "upn": person.name,
            "name": known["title"],
            "email": known["email"],
            "amr": known.get("amr", ["pwd", "mfa"]),
            "acrs": known.get("acrs"),
            "nonce": grant.asked.nonce or None,
            "roles": known.get("roles") or None,
        }
        too_many = len(known["groups"]) > MOST_GROUPS or "overage" in self.faults(person)
        # Object ids, as an application gets them that is registered with the claim `groups`.
        return claims | (_elsewhere(claims) if too_many else {"groups": list(known["groups"])})


def _elsewhere(claims: dict[str, Any]) -> dict[str, Any]:
    """Say where the groups are: at an interface that is no more, in whose place Graph is asked."""
    endpoint = f"https://graph.windows.net/{claims['tid']}/users/{claims['oid']}/getMemberObjects"
    return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}


def _discovery(host: str, tenant: str) -> dict[str, Any]:
    base = f"https://{host}/{tenant}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
