"""Rows of the hub's database in the words of the audit trail. Of a token its number is told, never its text.

Runs in the hub. Notes of tokens are left out: people write into them what they like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jupyterhub import orm
from sqlalchemy import inspect

CLASSES = (orm.User, orm.Group, orm.Role, orm.Service, orm.APIToken, orm.Share, orm.ShareCode)

_EVENTS = {
    orm.User: ("user_create", "user_change", "user_delete"),
    orm.Group: ("group_create", "group_change", "group_delete"),
    orm.Role: ("role_create", "role_change", "role_delete"),
    orm.Service: ("service_create", "service_change", "service_delete"),
    orm.APIToken: ("token_create", "token_change", "token_revoke"),
    orm.Share: ("share_create", "share_change", "share_revoke"),
    orm.ShareCode: ("share_code_create", "share_code_change", "share_code_revoke"),
}
# What of a row is worth telling when it changes; activity, counters and cookies are not.
_TOLD = {
    orm.User: ("name", "admin"),
    orm.Group: ("name", "properties"),
    orm.Role: ("name", "scopes"),
    orm.Service: ("name", "admin", "url"),
    orm.APIToken: ("scopes", "expires_at", "user_id", "service_id", "client_id", "hashed"),
    orm.Share: ("_scopes", "expires_at", "user_id", "group_id"),
    orm.ShareCode: ("_scopes", "expires_at", "hashed"),
}


@dataclass(frozen=True)
class Fact:
    """An event of the trail, before it has a time and an actor."""

    event: str
    user: str | None = None
    reason: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def appeared(row: Any) -> Iterator[Fact]:  # noqa: ANN401 -- a row of the hub's
    """Tell of a new row."""
    yield _fact(_EVENTS[type(row)][0], row)


def disappeared(row: Any) -> Iterator[Fact]:  # noqa: ANN401
    """Tell of a removed row; what ran out by itself was revoked by nobody."""
    yield _fact(_EVENTS[type(row)][2], row, "expired" if getattr(row, "expired", False) else None)


def changed(row: Any) -> Iterator[Fact]:  # noqa: ANN401
    """Tell of a row that is not what it was."""
    state = inspect(row)
    names = [name for name in _TOLD[type(row)] if state.attrs[name].history.has_changes()]
    if names:
        fact = _fact(_EVENTS[type(row)][1], row)
        fact.details["changed"] = [name.removeprefix("_") for name in names]
        yield fact


def membership(change: str, one: Any, other: Any) -> Fact:  # noqa: ANN401
    """Tell that a group or a role got or lost somebody."""
    whole, member = (one, other) if _holds(one, other) else (other, one)
    kind = "role" if isinstance(whole, orm.Role) else "group"
    word = {
        "group": {"add": "group_add", "remove": "group_remove"},
        "role": {"add": "role_grant", "remove": "role_revoke"},
    }
    details = {kind: whole.name}
    if isinstance(member, orm.User):
        return Fact(word[kind][change], user=member.name, details=details)
    holder = "service" if isinstance(member, orm.Service) else "group"
    return Fact(word[kind][change], details={**details, holder: member.name})


def _holds(one: Any, other: Any) -> bool:  # noqa: ANN401
    return isinstance(one, orm.Role) or (isinstance(one, orm.Group) and isinstance(other, orm.User))


def _fact(event: str, row: Any, reason: str | None = None) -> Fact:  # noqa: ANN401
    if isinstance(row, orm.APIToken):
        return _of_token(event, row, reason)
    if isinstance(row, orm.Share | orm.ShareCode):
        return _of_share(event, row, reason)
    if isinstance(row, orm.User):
        return Fact(event, user=row.name, reason=reason, details={"admin": bool(row.admin)})
    kind = {orm.Group: "group", orm.Role: "role", orm.Service: "service"}[type(row)]
    details = {kind: row.name}
    if isinstance(row, orm.Role):
        details["scopes"] = row.scopes or []
    return Fact(event, reason=reason, details=details)


def _of_token(event: str, row: orm.APIToken, reason: str | None) -> Fact:
    details = {
        "token": row.api_id,
        "kind": _kind(row),
        "client": row.client_id,
        "scopes": row.scopes or [],
        "expires": row.expires_at.isoformat() + "Z" if row.expires_at else None,
        "service": row.service.name if row.service else None,
    }
    return Fact(event, user=row.user.name if row.user else None, reason=reason, details=details)


def _kind(row: orm.APIToken) -> str:
    """Say what a token is for: a server of its own, a browser at a server or service, or whoever has it."""
    if row.client_id != "jupyterhub":
        return "browser"
    return "server" if (row.note or "").startswith("Server at ") else "api"


def _of_share(event: str, row: Any, reason: str | None) -> Fact:  # noqa: ANN401
    details: dict[str, Any] = {
        "server": row.spawner.name if row.spawner else None,
        "scopes": row._scopes or [],
        "expires": row.expires_at.isoformat() + "Z" if row.expires_at else None,
    }
    if isinstance(row, orm.Share):
        details["shared_with"] = row.user.name if row.user else None
        details["group"] = row.group.name if row.group else None
    return Fact(event, user=row.owner.name if row.owner else None, reason=reason, details=details)
