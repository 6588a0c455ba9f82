"""Keeps administrators of the hub out of other people's servers, homes and identities.

Runs in the hub. JupyterHub's role `admin` holds everything, `access:servers` too, whatever `admin_access`
says, and no configuration may define that role anew. So what it is made from is changed, before it is made.
"""

from __future__ import annotations

from typing import Any

from jupyterhub import roles
from jupyterhub.apihandlers import services

# Each of these leads into somebody's server: a token of theirs, a share with oneself, a new name for an
# account, what the provider gave for them, a service or proxy of one's own, membership in any group.
WITHOUT = {
    "access:servers",
    "admin:groups",
    "admin:servers",
    "admin:services",
    "admin:users",
    "proxy",
    "shares",
    "tokens",
}
# What is left of them: see who is there, start and stop servers, remove accounts.
INSTEAD = (
    "delete:users",
    "list:groups",
    "list:services",
    "list:users",
    "read:groups",
    "read:services",
    "read:users",
    "servers",
)


def narrow() -> None:
    """Make the role `admin` smaller, wherever JupyterHub looks up what it holds."""
    whole = roles.get_default_roles

    def narrowed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = whole()
        for role in found:
            if role["name"] == "admin":
                role["scopes"] = sorted({*role["scopes"], *INSTEAD} - WITHOUT)
        return found

    roles.get_default_roles = narrowed
    services.get_default_roles = narrowed
