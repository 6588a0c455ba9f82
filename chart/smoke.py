"""Values for `ops smoke`: a token that starts, uses and removes one user, and nobody else."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values
from chart.sign_in import authenticator
from settings import Settings
from settings.auth import Auth, Grouped
from settings.smoke import SERVICE, USER

# `admin:users` is what making and removing an account takes; the filter leaves it one account.
_MAY = ("admin:users", "admin:servers", "access:servers")
_FILE = "machine_users.py"
_INSTALL = """\
from machine_users import unasked

c.{authenticator}.refresh_user_hook = unasked(get_config("custom.machineUsers"))
"""


def smoke(settings: Settings) -> Values:
    """Give the service its role. Nobody signs in under the user's name, whatever the provider says."""
    if not settings.monitoring.smoke:
        return {}
    role = {"services": [SERVICE], "scopes": [f"{one}!user={USER}" for one in _MAY]}
    hub: Values = {
        "services": {SERVICE: {"display": False}},
        "loadRoles": {SERVICE: role},
        "config": {"Authenticator": {"blocked_users": [USER]}},
    }
    return {"custom": {"machineUsers": [USER]}, "hub": {**hub, **_unasked(settings.auth)}}


def _unasked(auth: Auth) -> Values:
    """Keep the hub from asking about the user at a provider that it asks about everybody."""
    if not isinstance(auth, Grouped):
        return {}
    install = _INSTALL.format(authenticator=authenticator(auth))
    return {"extraFiles": module(_FILE), "extraConfig": {"machine-users": install}}
