"""Who may sign in. That everyone may cannot be written down for a host that everyone reaches."""

from __future__ import annotations

from datetime import date
from typing import Literal

from settings.names import UserName
from settings.section import Section


class SharedPassword(Section):
    """One password for all testers: no protection of users from each other, so for a try only."""

    provider: Literal["sharedPassword"]
    any_name: bool = False
    """Whoever knows the password signs in under any name."""
    users: tuple[UserName, ...] = ()
    """Whoever knows the password signs in under one of these names."""
    administrators: tuple[UserName, ...] = ()
    """These sign in with a second, long password of their own, and never with the shared one."""
    expires: date | None = None
    """From this day on nothing is deployed any more with the shared password."""


Auth = SharedPassword
