"""Tells what a hub knows of its users, and what their homes are called; stops servers, removes accounts.

`ops move-users` sends this file into the hub's pod and runs it there: users of a hub that was deployed before
there was such a command are moved all the same. What claims are called is asked of the hub's own spawner, by
the hub's own settings. What changes something is done by the running hub, with a token of `break_glass.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from jupyterhub import orm
from jupyterhub.app import JupyterHub

_FOLDER = "/usr/local/etc/jupyterhub"
_MINUTES = 15
_STOPPING = 180.0
_GONE = 404
# Whom the hub takes tokens of people for, and how it calls that of a server.
_ITSELF, _OF_A_SERVER = "jupyterhub", "Server at "
_ERROR_OUTPUT = 2

Json = dict[str, Any]


def answer(given: Json, folder: str = _FOLDER) -> None:
    """Do one errand; one line of JSON is the answer."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    hub = JupyterHub()
    hub.load_config_file(f"{folder}/jupyterhub_config.py")
    hub.init_db()
    # A spawner asks for the loop that it runs in, and gets none here but this one.
    told = asyncio.run(facts(hub, given["wanted"])) if given["errand"] == "facts" else act(hub, given)
    sys.stdout.write(json.dumps(told) + "\n")


async def facts(hub: JupyterHub, wanted: Iterable[tuple[str, str]]) -> Json:
    """Tell of all users, and what the homes of some names are called or would be."""
    return {
        "users": [_user(one) for one in hub.db.query(orm.User)],
        "homes": [{"user": user, "server": server, **_home(hub, user, server)} for user, server in wanted],
        "claims": _makes_claims(hub),
        "acts": _acts(hub),
    }


def _user(user: orm.User) -> Json:
    servers = list(user._orm_spawners)
    return {
        "name": user.name,
        "administrator": bool(user.admin),
        "lastActivity": _time(user.last_activity),
        "groups": sorted(group.name for group in user.groups),
        "tokens": sum(_is_own(token) for token in user.api_tokens),
        "sharesGiven": sum(len(getattr(one, "shares", ())) for one in servers),
        "sharesTaken": len(getattr(user, "shared_with_me", ())),
        "servers": [
            {
                "name": one.name or "",
                "running": one.server is not None,
                "claim": (one.state or {}).get("pvc_name", ""),
            }
            for one in servers
        ],
    }


def _is_own(token: orm.APIToken) -> bool:
    """Tell whether somebody made a token, and not the hub for a server."""
    return token.client_id in (None, _ITSELF) and not (token.note or "").startswith(_OF_A_SERVER)


def _time(when: Any) -> str:  # noqa: ANN401 -- a datetime without a zone, or nothing
    return f"{when.isoformat(timespec='seconds')}Z" if when else ""


def _makes_claims(hub: JupyterHub) -> bool:
    """Tell whether each home is a claim of its own, in the hub's own namespace."""
    spawner = _spawner(hub, "somebody", "", 1)
    return bool(
        getattr(spawner, "storage_pvc_ensure", False)
        and not spawner.enable_user_namespaces
        and spawner.pvc_name != _spawner(hub, "another", "", 1).pvc_name
    )


def _home(hub: JupyterHub, user: str, server: str) -> Json:
    """Tell what the claim is called; nothing where it has a number in it that the hub is yet to give."""
    made = _spawner(hub, user, server, 1)
    if getattr(made, "pvc_name", None) is None or made.pvc_name != _spawner(hub, user, server, 2).pvc_name:
        return {"claim": "", "labels": {}, "annotations": {}}
    manifest = made.get_pvc_manifest().metadata
    return {"claim": made.pvc_name, "labels": manifest.labels, "annotations": manifest.annotations}


def _spawner(hub: JupyterHub, user: str, server: str, number: int) -> Any:  # noqa: ANN401 -- the hub's class
    somebody = SimpleNamespace(name=user, id=number, url="/", settings={})
    itself = SimpleNamespace(public_host="", url="/", base_url="/", api_url="/")
    return hub.spawner_class(
        config=hub.config, user=somebody, hub=itself, orm_spawner=orm.Spawner(name=server)
    )


def _acts(hub: JupyterHub) -> bool:
    """Tell whether what is done would be on record; else nothing is done."""
    try:
        import audit_record
        import break_glass
    except ImportError:
        return False
    role = hub.db.query(orm.Role).filter_by(name=break_glass.ROLE).first()
    return role is not None and audit_record.output() != _ERROR_OUTPUT


def act(hub: JupyterHub, given: Json) -> Json:
    """Stop servers or remove accounts; tell of each user who is left why."""
    import audit_record
    import break_glass

    request = audit_record.begin({}, None)
    request.actor, request.actor_kind = given["operator"], "operator"
    audit_record.CURRENT.set(request)
    token = break_glass.make(hub.db, _MINUTES, "ops move-users", given["operator"])
    door = _Door(f"http://127.0.0.1:{urlsplit(hub.hub_bind_url).port}{hub.base_url}hub/api", token["token"])
    try:
        return {
            "left": _stop(door, given["users"])
            if given["errand"] == "stop"
            else _remove(door, given["users"])
        }
    finally:
        # Itself: what is removed beside the hub, the hub keeps in memory.
        door.ask("DELETE", f"/users/{break_glass.USER}/tokens/{token['id']}")


class _Door:
    """The API of the hub beside us."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._headers = address, {"Authorization": f"token {token}"}

    def ask(self, method: str, path: str) -> tuple[int, Json]:
        """Give status and answer."""
        asked = Request(f"{self._address}{path}", method=method, headers=self._headers)  # noqa: S310 -- the hub's own
        try:
            with urlopen(asked, timeout=120) as said:  # noqa: S310
                text = said.read()
                return said.status, json.loads(text) if text else {}
        except HTTPError as refused:
            return refused.code, {}


def _stop(door: _Door, users: list[str]) -> Json:
    for user in users:
        for server in _servers(door, user):
            door.ask(
                "DELETE",
                f"/users/{quote(user, safe='')}/"
                + (f"servers/{quote(server, safe='')}" if server else "server"),
            )
    end = time.monotonic() + _STOPPING
    while (left := [user for user in users if _servers(door, user)]) and time.monotonic() < end:
        time.sleep(1)
    return dict.fromkeys(left, "the server does not stop")


def _servers(door: _Door, user: str) -> list[str]:
    status, found = door.ask("GET", f"/users/{quote(user, safe='')}")
    return list(found.get("servers") or ()) if status != _GONE else []


def _remove(door: _Door, users: list[str]) -> Json:
    left: Json = {}
    for user in users:
        status, _ = door.ask("DELETE", f"/users/{quote(user, safe='')}")
        if status // 100 != 2 and status != _GONE:
            left[user] = f"the hub answers {status}"
    return left
