"""Gives an administrator's token for an emergency, lists those there are, and revokes them.

Runs in the hub's pod beside the hub, by `ops break-glass`: whoever may run commands in that pod can read the
hub's keys anyway, so no further secret lies ready for this. Nothing is done that the audit trail cannot tell.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import audit_record
from jupyterhub import orm, roles
from jupyterhub.app import JupyterHub

USER, ROLE = "ops.break-glass", "break-glass"
_CONFIG = "/usr/local/etc/jupyterhub/jupyterhub_config.py"
_LONGEST = 8 * 60
_ERROR_OUTPUT = 2

Answer = dict[str, Any]


def main(words: Sequence[str], config: str = _CONFIG) -> int:
    """Do what the words say; one line of JSON is the answer."""
    given = _parser().parse_args(words)
    if audit_record.output() == _ERROR_OUTPUT:
        sys.stderr.write("The hub's output cannot be written from here, so nothing would be on record.\n")
        return 1
    hub = _beside(config)
    audit_record.CURRENT.set(_operator(given.operator))
    actions: dict[str, Callable[[], Answer]] = {
        "make": lambda: make(hub.db, given.minutes, given.purpose, given.operator),
        "list": lambda: {"tokens": _tokens(hub.db)},
        "revoke": lambda: revoke(hub, given.operator),
    }
    sys.stdout.write(json.dumps(actions[given.action]()) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="break_glass")
    parser.add_argument("action", choices=("make", "list", "revoke"))
    parser.add_argument("--operator", required=True)
    parser.add_argument("--purpose", default="")
    parser.add_argument("--minutes", type=int, default=60, choices=range(1, _LONGEST + 1), metavar="MINUTES")
    return parser


def _beside(config: str) -> JupyterHub:
    """Give the hub's configuration and database, without running it."""
    hub = JupyterHub()
    hub.load_config_file(config)
    hub.init_db()
    return hub


def _operator(name: str) -> audit_record.Request:
    request = audit_record.begin({}, None)
    request.actor, request.actor_kind = name, "operator"
    return request


def make(db: Any, minutes: int, purpose: str, operator: str) -> Answer:  # noqa: ANN401
    """Make the account, if it is not there, and a token of it that ends by itself."""
    user = orm.User.find(db, USER)
    if user is None:
        user = orm.User(name=USER)
        db.add(user)
        db.commit()
    roles.grant_role(db, entity=user, rolename=ROLE)
    token = user.new_api_token(expires_in=minutes * 60, note="break-glass", scopes=["inherit"])
    made = orm.APIToken.find(db, token)
    expires = made.expires_at.isoformat(timespec="seconds") + "Z"
    audit_record.record(
        "break_glass",
        "success",
        user=USER,
        token=made.api_id,
        expires=expires,
        purpose=purpose,
        operator=operator,
        change="make",
    )
    return {"token": token, "id": made.api_id, "expires": expires}


def revoke(hub: JupyterHub, operator: str) -> Answer:
    """Remove every token there is, by the hub itself: what is removed beside it, it keeps in memory."""
    found = [one["id"] for one in _tokens(hub.db)]
    if found:
        by = make(hub.db, 1, "to revoke the others", operator)
        try:
            for one in [*found, by["id"]]:
                _delete(hub, one, by["token"])
        except URLError:
            # A hub that does not run remembers nothing.
            for token in list(orm.User.find(hub.db, USER).api_tokens):
                hub.db.delete(token)
            hub.db.commit()
    audit_record.record("break_glass", "success", user=USER, operator=operator, change="revoke")
    return {"revoked": found}


def _delete(hub: JupyterHub, token: str, by: str) -> None:
    address = f"http://127.0.0.1:{urlsplit(hub.hub_bind_url).port}{hub.base_url}hub/api/users/{USER}/tokens"
    asked = Request(f"{address}/{token}", method="DELETE", headers={"Authorization": f"token {by}"})  # noqa: S310 -- the hub's own
    with urlopen(asked, timeout=20):  # noqa: S310
        return


def _tokens(db: Any) -> list[Answer]:  # noqa: ANN401
    user = orm.User.find(db, USER)
    return [
        {
            "id": one.api_id,
            "created": f"{one.created.isoformat(timespec='seconds')}Z",
            "expires": f"{one.expires_at.isoformat(timespec='seconds')}Z",
            "used": bool(one.last_activity),
        }
        for one in (user.api_tokens if user else ())
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
