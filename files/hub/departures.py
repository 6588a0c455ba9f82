"""What a fresh word of the provider changes in the hub, and what becomes of somebody who has left.

Runs in the hub.
"""

from __future__ import annotations

import time
from typing import Any

from jupyterhub import roles
from jupyterhub.orm import new_token

# A server's own token lets it report what is done in it, and be reached: nothing that a start takes.
_OF_A_SERVER = ("users:activity!", "access:servers!server")


def administers(user: Any, admin: bool) -> None:  # noqa: ANN401 -- the hub's
    """Make somebody an administrator, or none; the role goes with the mark."""
    if user.admin != admin:
        user.admin = admin
    roles.assign_default_roles(user.db, entity=user.orm_user)


async def keep(user: Any, model: dict[str, Any]) -> None:  # noqa: ANN401 -- the hub's
    """Write down what the provider says of somebody now."""
    administers(user, bool(model["admin"]))
    if model.get("groups") is not None:
        user.sync_groups(model["groups"])
    user._auth_refreshed = time.monotonic()
    await user.save_auth_state(model["auth_state"])


async def depart(user: Any, subject: str, refusal: str) -> None:  # noqa: ANN401 -- the hub's
    """Take every right from somebody, and end every session; who it was is kept, for the home's sake."""
    administers(user, False)
    user.sync_groups([])
    # Every cookie of theirs names it.
    user.orm_user.cookie_id = new_token()
    for token in list(user.orm_user.api_tokens):
        if not _is_of_a_server(token):
            user.db.delete(token)
    user._auth_refreshed = None
    await user.save_auth_state({"subject": subject, "left": refusal})


async def stop_servers(app: Any, user: Any, names: list[str]) -> None:  # noqa: ANN401 -- the hub's
    """Stop what runs; what is starting or stopping by itself meanwhile is seen to in the next round."""
    for name in names:
        spawner = user.spawners[name]
        if spawner.pending:
            continue
        spawner._stop_pending = True
        try:
            await app.proxy.delete_user(user, name)
            await user.stop(name)
        finally:
            spawner._stop_pending = False


def _is_of_a_server(token: Any) -> bool:  # noqa: ANN401 -- the hub's
    return bool(token.scopes) and all(scope.startswith(_OF_A_SERVER) for scope in token.scopes)
