"""Sign-in by GitHub: the groups are named organisations and teams, and who is a member of which.

Runs in the hub. The names in hub.config: GitHubOAuthenticator's, since the hub reads a base's settings too.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from answers import away
from leaving import Leaving
from oauthenticator.github import GitHubOAuthenticator
from refused import Away, Refused
from signing_in import AuthState
from tornado.httpclient import HTTPClientError
from traitlets import List, Unicode

_YES, _NO = 204, (302, 404)


class GitHub(Leaving, GitHubOAuthenticator):  # type: ignore[misc]  # its package is in the hub's image alone
    """GitHub, whose people can be renamed, and whose names are given out again."""

    known_groups = List(
        Unicode(), config=True, help="`organisation` or `organisation:team`; no other is asked."
    )

    def subject(self, user_info: dict[str, Any]) -> str:
        """Name somebody by the number of the account."""
        if not user_info.get("id"):
            raise Refused("claim_missing")
        return str(user_info["id"])

    async def get_user_groups(self, auth_state: AuthState) -> set[str]:
        """Ask about each place that the settings name: a list of all memberships may have many pages."""
        user = auth_state[self.user_auth_state_key]["login"].lower()
        tokens = auth_state["token_response"]
        return {place for place in sorted(self.known_groups) if await self._is_member(place, user, tokens)}

    async def _is_member(self, place: str, user: str, tokens: dict[str, Any]) -> bool:
        """Ask whether somebody is a member; oauthenticator takes an outage for a no."""
        organisation, _, team = place.partition(":")
        at = f"orgs/{organisation}" + (f"/teams/{team}" if team else "")
        answer = await self.ask(
            f"{self.github_api}/{at}/members/{user}",
            tokens,
            parse_json=False,
            # A no is an answer, and no line in the log each time.
            raise_error=False,
            # Who is outside is sent to the list of public members, which proves nothing.
            follow_redirects=False,
        )
        if answer.code in (_YES, *_NO):
            return bool(answer.code == _YES)
        if answer.code < HTTPStatus.BAD_REQUEST:
            # GitHub answers none of these: it is a page of something between, which wants a sign-in.
            raise Away("provider_error")
        error = HTTPClientError(answer.code, response=answer)
        raise away(error) or self.refused_by(error)
