"""GitHub: its OAuth pages, and of its API what tells who somebody is and where they are a member."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from embedded.world.identity.applications import Application, Person
from embedded.world.identity.grants import Refused
from embedded.world.identity.provider import Provider
from embedded.world.identity.web import Answer, Request, as_json

API = "api.github.com"
_PAGE, _LONGEST_PAGE = 30, 100
# GitHub's own words, where they differ from those of OAuth.
_WORDS = {"invalid_grant": "bad_verification_code", "invalid_client": "incorrect_client_credentials"}
_MEMBER = re.compile(r"/orgs/(?P<org>[^/]+)(?:/teams/(?P<team>[^/]+))?/members/(?P<login>[^/]+)")


class GitHub(Provider):
    """github.com and api.github.com."""

    kind = "github"
    title = "GitHub"

    words: ClassVar = {"disabled": "Your account is suspended."}

    def answer(self, request: Request) -> Answer:
        """Answer a page, or the API."""
        if request.host == API:
            return self._api(request)
        if request.path == "/login/oauth/authorize":
            return self.authorize(
                request, self.applications.find(self.kind, request.query.get("client_id", ""))
            )
        if request.path == "/login/oauth/access_token" and request.method == "POST":
            return self._exchanged(request)
        return as_json({"message": "Not Found"}, 404)

    def _exchanged(self, request: Request) -> Answer:
        application = self.applications.find(self.kind, request.form.get("client_id", ""))
        try:
            grant = self.exchange(application, request.form)
        except Refused as refused:
            word = _WORDS.get(refused.error, refused.error)
            # A refusal has status 200 too: whoever looks at the status alone is told nothing.
            return _spoken(request, {"error": word, "error_description": refused.why})
        # It has no end, and nothing to refresh it with.
        scope = ",".join(grant.asked.scope)
        told = {"access_token": self.access_token(grant), "token_type": "bearer", "scope": scope}
        return _spoken(request, told)

    def _api(self, request: Request) -> Answer:
        found = self.bearer(request)
        if found is None or "revoked" in self.faults(found[1]):
            return as_json({"message": "Bad credentials"}, 401)
        application, person, claims = found
        if "disabled" in self.faults(person):
            return as_json({"message": "Sorry. Your account was suspended."}, 403)
        teams = person.claims["teams"] if "read:org" in claims["scope"] else []
        split = [name.split(":") for name in teams if ":" in name]
        mine: dict[str, object] = {
            "/user": self.changes.of(person.name).over(_user(person)),
            "/user/emails": [{"email": person.claims["email"], "primary": True, "verified": True}],
            "/user/orgs": [{"login": name} for name in teams if ":" not in name],
            "/user/teams": [{"slug": team, "organization": {"login": org}} for org, team in split],
        }
        if request.path in mine:
            return _paged(request, mine[request.path])
        asked = _MEMBER.fullmatch(request.path)
        if asked and self._is_member(application, asked, teams):
            return Answer(204)
        return as_json({"message": "Not Found"}, 404)

    def _is_member(self, application: Application, asked: re.Match[str], seen: list[str]) -> bool:
        """Whether somebody is a member; only who is in an organisation may look into it."""
        name = asked["org"] + (f":{asked['team']}" if asked["team"] else "")
        people = map(self.known, application.people)
        found = [person for person in people if _login(person).lower() == asked["login"].lower()]
        return asked["org"] in seen and any(name in person.claims["teams"] for person in found)


def _paged(request: Request, document: object) -> Answer:
    """Give a page of a list, and where the next one is."""
    if not isinstance(document, list):
        return as_json(document)
    size = min(int(request.query.get("per_page", _PAGE)), _LONGEST_PAGE)
    number = int(request.query.get("page", 1))
    answer = as_json(document[(number - 1) * size : number * size])
    if number * size >= len(document):
        return answer
    query = urlencode({**request.query, "page": number + 1})
    link = f'<https://{request.host}{request.path}?{query}>; rel="next"'
    return replace(answer, headers={**answer.headers, "Link": link})


def _login(person: Person) -> str:
    """Give somebody's name, which may have changed since it was first typed."""
    return str(person.claims.get("login", person.name))


def _user(person: Person) -> dict[str, Any]:
    return {
        "login": _login(person),
        "id": person.claims["id"],
        "type": "User",
        "name": person.claims["title"],
        "email": None,
    }


def _spoken(request: Request, document: dict[str, str]) -> Answer:
    if "json" in request.accept:
        return as_json(document)
    return Answer(200, urlencode(document).encode(), "application/x-www-form-urlencoded")
