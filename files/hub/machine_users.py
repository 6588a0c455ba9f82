"""Lets a server start for users whom nobody signs in as: the identity provider has nothing to say of them.

Runs in the hub. Before each start the hub asks the provider anew about the user, and of one who never
signed in it has no token to ask with: the start would be refused as that of somebody who has left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

Hook = Callable[[Any, Any, Any], Literal[True] | None]


def unasked(names: Collection[str]) -> Hook:
    """Make an authenticator's `refresh_user_hook`: of everybody else the provider is asked as ever."""

    def hook(_authenticator: Any, user: Any, _auth_state: Any) -> Literal[True] | None:  # noqa: ANN401 -- the hub's
        return True if user.name in names else None

    return hook
