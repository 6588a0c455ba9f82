"""Sign-in by Microsoft Entra ID: the tenant's people, by groups or app roles.

Runs in the hub. The names in hub.config: AzureAdOAuthenticator's, since the hub reads a base's settings too.
"""

from __future__ import annotations

import json
from typing import Any

from answers import body
from id_tokens import Claims, demand
from leaving import Leaving
from oauthenticator.azuread import AzureAdOAuthenticator
from refused import Away, Refused
from signing_in import AuthModel, AuthState
from tornado.httpclient import HTTPClientError
from traitlets import Bool, Enum, List, Unicode

# What Graph takes in one request.
_AT_ONCE = 20


class Entra(Leaving, AzureAdOAuthenticator):  # type: ignore[misc]  # its package is in the hub's image alone
    """Entra ID at version 2 of its endpoints."""

    access = Enum(["groups", "roles"], "groups", config=True, help="The claim that tells what somebody may.")
    known_groups = List(Unicode(), config=True, help="What the settings call something; no other is kept.")
    graph_api = Unicode("https://graph.microsoft.com", config=True, help="Where Graph is in this cloud.")
    second_factor = Bool(False, config=True, help="Refuse a sign-in that does not show a second factor.")
    authentication_context = Unicode("", config=True, help="What `acrs` holds after a second factor.")

    async def token_to_user(self, token_info: dict[str, Any]) -> Claims:
        """Take who somebody is from the id token, once it has been checked."""
        tenant = f"{self.graph_url}/{self.tenant_id}"
        keys = f"{tenant}/discovery/v2.0/keys"
        claims = await self.keys.claims(token_info.get("id_token"), keys, self.client_id)
        demand(claims, "tid", self.tenant_id, "wrong_tenant")
        demand(claims, "iss", f"{tenant}/v2.0", "wrong_issuer")
        return claims

    def subject(self, user_info: dict[str, Any]) -> str:
        """Name somebody by the object id: it is never given to another."""
        if not user_info.get("oid"):
            raise Refused("claim_missing")
        return str(user_info["oid"])

    async def authenticate(self, handler: Any, data: Any = None, **more: Any) -> AuthModel:  # noqa: ANN401 -- the hub's
        """Sign somebody in, with a second factor where that is asked for."""
        model = await super().authenticate(handler, data, **more)
        if self.second_factor and not self._shows_second_factor(_claims(model)):
            raise Refused("second_factor", user=model["name"])
        return model

    def check_renewed(self, model: AuthModel) -> None:
        """Refuse a session without a second factor; a renewed token that tells none is of the same one."""
        claims = _claims(model)
        told = "amr" in claims or "acrs" in claims
        if self.second_factor and told and not self._shows_second_factor(claims):
            raise Refused("second_factor")

    async def renewed(self, state: AuthState) -> dict[str, Any]:
        """Ask for new tokens: those of the last sign-in say what was true then."""
        if not state.get("refresh_token"):
            raise Refused("sign_in_again")
        fresh = await super().renewed(state)
        if not fresh.get("id_token"):
            raise Away("provider_error")
        return fresh

    def build_refresh_token_request_params(self, refresh_token: str) -> dict[str, str]:
        """Ask for the same again: an id token comes only with its scope."""
        params: dict[str, str] = super().build_refresh_token_request_params(refresh_token)
        return {**params, "scope": " ".join(self.scope)}

    async def get_user_groups(self, auth_state: AuthState) -> set[str]:
        """Give those that the settings know, of what somebody is in."""
        claims = auth_state[self.user_auth_state_key]
        told = claims.get(self.access)
        if told is None and self.access == "groups" and _too_many(claims):
            told = await self._members(auth_state["token_response"])
        # Whatever else stands in the claim is no group that the settings know.
        return {name for name in self.known_groups if isinstance(told, list) and name in told}

    async def _members(self, tokens: dict[str, Any]) -> list[str]:
        """Ask Graph about the groups that the settings know, and no others."""
        found: list[str] = []
        for start in range(0, len(self.known_groups), _AT_ONCE):
            asked = json.dumps({"groupIds": self.known_groups[start : start + _AT_ONCE]})
            try:
                answer = await self.ask(
                    f"{self.graph_api}/v1.0/me/checkMemberGroups", tokens, method="POST", body=asked
                )
                found += answer["value"]
            except HTTPClientError as error:
                self.log.error("Graph does not tell groups: %s %s", error.code, body(error).get("error"))
                raise Refused("groups_unknown") from error
            except (KeyError, TypeError) as error:
                raise Refused("groups_unknown") from error
        return found

    def _shows_second_factor(self, claims: Claims) -> bool:
        by_method = "mfa" in (claims.get("amr") or ())
        context = self.authentication_context
        return by_method or bool(context and context in (claims.get("acrs") or ()))


def _claims(model: AuthModel) -> Claims:
    found: Claims = model["auth_state"][Entra.user_auth_state_key]
    return found


def _too_many(claims: Claims) -> bool:
    """Whether the token says that the groups are told elsewhere."""
    return bool(claims.get("hasgroups")) or "groups" in (claims.get("_claim_names") or ())
