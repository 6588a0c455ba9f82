"""The little of Microsoft Graph that knows groups: `me`, all memberships, and a check of some."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from embedded.world.identity.applications import Person
from embedded.world.identity.web import Answer, Request, as_json
from embedded.world.plan import CLOUDS

HOSTS = frozenset(graph for _, graph in CLOUDS.values())
# Each of them lets an application ask about the one who signed in.
_LEAVE = frozenset(
    {"User.Read", "User.Read.All", "GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}
)
_MOST_AT_ONCE = 20
_PAGE, _LONGEST_PAGE = 100, 999
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MEMBER_OF = re.compile(r"/v1\.0/me/(transitiveM|m)emberOf(/microsoft\.graph\.group)?")


def answer(request: Request, found: tuple[Person, Mapping[str, Any]] | None) -> Answer:
    """Answer for the person whose access token came along."""
    if found is None:
        return _error(401, "InvalidAuthenticationToken", "Access token validation failure.")
    person, claims = found
    if not _LEAVE & {scope.rpartition("/")[2] for scope in claims["scope"]}:
        return _error(403, "Authorization_RequestDenied", "Insufficient privileges.")
    if (request.method, request.path) == ("GET", "/v1.0/me"):
        names = {"userPrincipalName": person.name, "displayName": person.claims["title"]}
        return as_json({"id": person.claims["id"], **names})
    if (request.method, request.path) == ("POST", "/v1.0/me/checkMemberGroups"):
        return _check(request, person)
    if request.method == "GET" and _MEMBER_OF.fullmatch(request.path):
        return _memberships(request, person)
    return _error(404, "ResourceNotFound", "There is no such thing.")


def _check(request: Request, person: Person) -> Answer:
    try:
        wanted = json.loads(request.body)["groupIds"]
    except (ValueError, KeyError, TypeError):
        return _error(400, "BadRequest", "The body is not what it should be.")
    if len(wanted) > _MOST_AT_ONCE:
        return _error(400, "Request_BadRequest", f"More than {_MOST_AT_ONCE} groups at once.")
    if not all(_UUID.fullmatch(group) for group in wanted):
        return _error(400, "Request_BadRequest", "Invalid object identifier.")
    mine = {group.lower() for group in person.claims["groups"]}
    return as_json({"value": [group for group in wanted if group.lower() in mine]})


def _memberships(request: Request, person: Person) -> Answer:
    size = int(request.query.get("$top", _PAGE))
    if not 0 < size <= _LONGEST_PAGE:
        return _error(400, "Request_UnsupportedQuery", "Invalid page size.")
    start = int(request.query.get("$skiptoken", 0))
    groups = person.claims["groups"]
    shown = [{"@odata.type": "#microsoft.graph.group", "id": group} for group in groups[start : start + size]]
    rest: dict[str, object] = {}
    if start + size < len(groups):
        query = urlencode({**request.query, "$skiptoken": start + size}, safe="$")
        rest["@odata.nextLink"] = f"https://{request.host}{request.path}?{query}"
    return as_json({**rest, "value": shown})


def _error(status: int, code: str, message: str) -> Answer:
    return as_json({"error": {"code": code, "message": message}}, status)
