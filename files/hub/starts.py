"""Refuses a start that asks for what its owner may not: a profile, an option, one server more.

Runs in the hub, before every start by page, API or on the hub's own. KubeSpawner refuses such a request too,
as an error of its own, of which the hub counts so many until it restarts itself; here it is the request's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from granting import Granting, NotGranted, Profile
from jupyterhub.user import User

Record = Callable[..., object]
_UNLISTED = "unlisted-choice"
_OTHER = f"--{_UNLISTED}"


def guard(granting: Granting, record: Record | None = None) -> None:
    """Stand before the one method by which every server starts."""
    start: Callable[..., Awaitable[Any]] = User.spawn

    # No coroutine: what it raises is raised before the hub takes the start for begun.
    @wraps(start)
    def guarded(user: Any, server_name: str = "", options: Any = None, handler: Any = None) -> Awaitable[Any]:  # noqa: ANN401 -- the hub's
        try:
            check(granting, user, server_name, options)
        except NotGranted as refused:
            if record:
                record("server_start", "refused", user=user.name, reason=refused.refusal, server=server_name)
            raise
        return start(user, server_name, options, handler=handler)

    User.spawn = guarded


def check(granting: Granting, user: Any, server_name: str, options: Any) -> None:  # noqa: ANN401
    """Raise NotGranted if a start is not for this owner."""
    known = user.orm_spawners.get(server_name)
    if options is None and known is not None:
        # The hub takes those of the last start.
        options = known.user_options
    _options(granting.profiles_of(user), options or {})
    _servers(granting.rows.of(user).servers, user, server_name)


def _options(mine: list[Profile], options: Any) -> None:  # noqa: ANN401 -- whatever a request holds
    if not mine:
        raise NotGranted("no_profile", "None of the server options is for a group of yours.")
    if not isinstance(options, Mapping):
        raise NotGranted("option_not_granted", "The options of a server have names.")
    asked = options.get("profile")
    chosen = [profile for profile in mine if profile["slug"] == asked]
    if asked and not chosen:
        yours = ", ".join(profile["slug"] for profile in mine)
        raise NotGranted(
            "profile_not_granted", f"The server option that was asked for is not among yours: {yours}."
        )
    of_profile = (chosen or [one for one in mine if one.get("default")] or mine)[0].get("profile_options", {})
    for name, value in options.items():
        if name != "profile" and not _is_offered(of_profile, str(name), value):
            raise NotGranted("option_not_granted", "A choice was asked for that this server option has not.")


def _is_offered(known: Mapping[str, Any], name: str, value: Any) -> bool:  # noqa: ANN401
    option = known.get(name.removesuffix(_OTHER))
    if option is None:
        return False
    free = bool(option.get("unlisted_choice", {}).get("enabled"))
    if name.endswith(_OTHER):
        return free or not value
    return not value or (value == _UNLISTED and free) or value in list(option.get("choices", {}))


def _servers(most: int, user: Any, server_name: str) -> None:  # noqa: ANN401
    """Count the servers by name that somebody has, running or not: each has a home."""
    if not server_name:
        return
    # One that was refused is in the hub's list as well, and never began.
    others = [
        name for name, one in user.orm_spawners.items() if name and name != server_name and one.last_activity
    ]
    if len(others) >= most - 1:
        more = f"{most} servers" if most > 1 else "one server"
        raise NotGranted(
            "servers_used_up",
            f"You may have {more}, named ones counted. Remove one before you start another.",
        )
