"""Values for who may do what in the hub: administrators, an emergency's account, accounts of machines."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values
from settings import Settings, break_glass, smoke

_NARROW = """\
from administrators import narrow

narrow()
"""
# All that JupyterHub knows: in an emergency nobody knows beforehand what it takes.
_EVERYTHING = (
    "access:servers",
    "access:services",
    "admin-ui",
    "admin:groups",
    "admin:servers",
    "admin:services",
    "admin:users",
    "list:services",
    "proxy",
    "read:hub",
    "read:metrics",
    "read:roles",
    "read:services",
    "shares",
    "shutdown",
    "tokens",
)


def administrators(settings: Settings) -> Values:
    """Leave administrators everything but the way into other people's servers, unless the settings say so."""
    if settings.auth.admin_access:
        return {}
    return {
        "hub": {"extraFiles": module("administrators.py"), "extraConfig": {"administrators": _NARROW}},
    }


def emergency(settings: Settings) -> Values:
    """Define the role of an emergency, which nobody has, and bring the command that gives it for a time."""
    if not settings.monitoring.audit:
        # Without a record there is no emergency.
        return {}
    return {
        "hub": {
            "extraFiles": module("break_glass.py"),
            "loadRoles": {break_glass.ROLE: {"scopes": list(_EVERYTHING)}},
        }
    }


def machines(settings: Settings) -> Values:
    """Let nobody sign in under the names of accounts that are no people, and ask no provider about them."""
    names = [break_glass.USER, *([smoke.USER] if settings.monitoring.smoke else [])]
    return {
        "custom": {"machineUsers": names},
        "hub": {"config": {"Authenticator": {"blocked_users": names}}},
    }
