"""GitHub: its OAuth pages, and of its API what tells who somebody is and where they are a member."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from embedded.world.identity.applications import Application, Person
from embedded.world.identity.grants import Refused
from embedded.world.identity.provider import Provider
from embedded.world.identity.web import Answer, Request, as_json

API = "api.github.com"
# GitHub's own words, where they differ from those of OAuth.
_WORDS = {"invalid_grant": "bad_verification_code", "invalid_client": "incorrect_client_credentials"}
_MEMBER = re.compile(r"/orgs/(?P<org>[^/]+)(?:/teams/(?P<team>[^/]+))?/members/(?P<login>[^/]+)")


class GitHub(Provider):
    """github.com and api.github.com."""

    kind = "github"
    title = "GitHub"

    def respond(self, request: Request) -> Answer:
        """Answer a page, or the API."""
        if request.host == API:
            return self._api(request)
        if request.path == "/login/oauth/authorize":
            return self.authorize(
                request, self.applications.find(self.kind, request.query.get("client_id", ""))
            )
        if request.path == "/login/oauth/access_token" and request.method == "POST":
            return self._token(request)
        return as_json({"message": "Not Found"}, 404)

    def _token(self, request: Request) -> Answer:
        application = self.applications.find(self.kind, request.form.get("client_id", ""))
        try:
            grant = self.grants.redeem(application, request.form)
        except Refused as refused:
            word = _WORDS.get(refused.error, refused.error)
            # A refusal has status 200 too: whoever looks at the status alone is told nothing.
            return _spoken(request, {"error": word, "error_description": refused.why})
        token = self.access_token(grant.asked.application, grant.person, grant.asked.scope)
        scope = ",".join(grant.asked.scope)
        return _spoken(request, {"access_token": token, "token_type": "bearer", "scope": scope})

    def _api(self, request: Request) -> Answer:
        found = self.bearer(request)
        if found is None:
            return as_json({"message": "Bad credentials"}, 401)
        application, person, claims = found
        teams = person.claims["teams"] if "read:org" in claims["scope"] else []
        split = [name.split(":") for name in teams if ":" in name]
        mine: dict[str, object] = {
            "/user": _user(person),
            "/user/emails": [{"email": person.claims["email"], "primary": True, "verified": True}],
            "/user/orgs": [{"login": name} for name in teams if ":" not in name],
            "/user/teams": [{"slug": team, "organization": {"login": org}} for org, team in split],
        }
        if request.path in mine:
            return as_json(mine[request.path])
        asked = _MEMBER.fullmatch(request.path)
        if asked and _is_member(application, asked, teams):
            return Answer(204)
        return as_json({"message": "Not Found"}, 404)


def _is_member(application: Application, asked: re.Match[str], seen: list[str]) -> bool:
    """Whether somebody is a member; only who is in an organisation may look into it."""
    name = asked["org"] + (f":{asked['team']}" if asked["team"] else "")
    who = application.person(asked["login"])
    return asked["org"] in seen and who is not None and name in who.claims["teams"]


def _user(person: Person) -> dict[str, Any]:
    return {
        "login": person.name,
        "id": person.claims["id"],
        "type": "User",
        "name": person.claims["title"],
        "email": None,
    }


def _spoken(request: Request, document: dict[str, str]) -> Answer:
    if "json" in request.accept:
        return as_json(document)
    return Answer(200, urlencode(document).encode(), "application/x-www-form-urlencoded")
