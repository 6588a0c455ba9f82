"""Values for `ops smoke`: a token that starts, uses and removes one user, and nobody else."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings
from settings.smoke import SERVICE, USER

# `admin:users` is what making and removing an account takes; the filter leaves it one account.
_MAY = ("admin:users", "admin:servers", "access:servers")


def smoke(settings: Settings) -> Values:
    """Give the service its role. That nobody signs in under the user's name is said in roles.py."""
    if not settings.monitoring.smoke:
        return {}
    role = {"services": [SERVICE], "scopes": [f"{one}!user={USER}" for one in _MAY]}
    hub: Values = {
        "services": {SERVICE: {"display": False}},
        "loadRoles": {SERVICE: role},
    }
    return {"hub": hub}
