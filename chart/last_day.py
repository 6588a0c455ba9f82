"""Values that end the shared password on its last day, also in a hub that nobody deploys again."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values
from settings import Settings
from settings.auth import SharedPassword

_INSTALL = """\
from last_day import until

c.SharedPasswordAuthenticator.post_auth_hook = until(get_config("custom.lastDay"))
"""


def last_day(settings: Settings) -> Values:
    """Tell the hub the last day of a test."""
    auth = settings.auth
    if not isinstance(auth, SharedPassword) or auth.expires is None:
        return {}
    return {
        "custom": {"lastDay": auth.expires.isoformat()},
        "hub": {"extraFiles": module("last_day.py"), "extraConfig": {"last-day": _INSTALL}},
    }
