"""Sign-in by Cloudflare Access, an OpenID Connect provider: groups are those that it was told.

Runs in the hub. The names in hub.config: GenericOAuthenticator's, since the hub reads a base's settings too.
"""

from __future__ import annotations

from typing import Any

from id_tokens import demand
from leaving import Leaving, Stored
from oauthenticator.generic import GenericOAuthenticator
from refused import Refused
from signing_in import AuthState


class Cloudflare(Leaving, GenericOAuthenticator):  # type: ignore[misc]  # its package is in the hub's image alone
    """One application of type SaaS, in one team."""

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """Ask who somebody is, and hold it against the signed token."""
        told: dict[str, Any] = await self.ask(self.userdata_url, token_info)
        if isinstance(token_info, Stored):
            return told
        issuer = self.token_url.removesuffix("/token")
        claims = await self.keys.claims(token_info.get("id_token"), f"{issuer}/jwks", self.client_id)
        demand(claims, "iss", issuer, "wrong_issuer")
        demand(told, "sub", claims["sub"], "token_invalid")
        return told

    async def renewed(self, state: AuthState) -> dict[str, Any]:
        """Ask for new tokens; the standard leaves it open whether an id token is among them."""
        fresh = await super().renewed(state)
        return fresh if fresh.get("id_token") else Stored(fresh)

    def subject(self, user_info: dict[str, Any]) -> str:
        """Name somebody by Access' own id."""
        if not user_info.get("sub"):
            raise Refused("claim_missing")
        return str(user_info["sub"])
