"""Sign-in by GitHub: the members of named organisations and teams, administrators among them.

Runs in the hub. The names in hub.config: GitHubOAuthenticator's, since the hub reads a base's settings too.
"""

from __future__ import annotations

from typing import Any

from leaving import Leaving
from oauthenticator.github import GitHubOAuthenticator
from refused import Refused
from signing_in import AuthModel
from tornado.httpclient import HTTPClientError


class GitHub(Leaving, GitHubOAuthenticator):  # type: ignore[misc]  # its package is in the hub's image alone
    """GitHub, whose people can be renamed, and whose names are given out again."""

    def subject(self, user_info: dict[str, Any]) -> str:
        """Name somebody by the number of the account."""
        if not user_info.get("id"):
            raise Refused("claim_missing")
        return str(user_info["id"])

    async def check_allowed(self, username: str, auth_model: AuthModel) -> bool:
        """Let members in, and nobody by another way: an administrator who left an organisation has left."""
        tokens = auth_model["auth_state"]["token_response"]
        for place in sorted(self.allowed_organizations):
            if await self._check_membership_allowed_organizations(
                place, username, tokens["access_token"], tokens["token_type"]
            ):
                return True
        raise Refused("not_member", user=username)

    async def _check_membership_allowed_organizations(
        self, org_team: str, username: str, access_token: str, token_type: str
    ) -> bool:
        """Ask whether somebody is a member; oauthenticator takes an outage for a no."""
        organisation, _, team = org_team.partition(":")
        place = f"orgs/{organisation}" + (f"/teams/{team}" if team else "")
        tokens = {"access_token": access_token, "token_type": token_type}
        try:
            await self.ask(
                f"{self.github_api}/{place}/members/{username}",
                tokens,
                parse_json=False,
                # Who is outside is sent to the list of public members, which proves nothing.
                follow_redirects=False,
            )
        except HTTPClientError as error:
            if error.code in (302, 404):
                return False
            raise self.refused_by(error) from error
        return True
