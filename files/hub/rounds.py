"""Looks again and again at those who need not come by: users with running servers, and administrators.

Runs in the hub, whose own look at a user waits for a request of theirs.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from jupyterhub.orm import User
from tornado.log import app_log

Look = Callable[[Any], Awaitable[None]]

AT_ONCE = 8


async def for_ever(app: Any, look: Look, pause: float) -> None:  # noqa: ANN401 -- the hub's
    """Go round after round; what goes wrong in one is told, and ends none."""
    while True:
        # Hubs that were restarted together do not ask together.
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 -- no secret
        try:
            await once(app, look)
        except Exception:
            app_log.exception("A look at the users with servers failed")


async def once(app: Any, look: Look) -> None:  # noqa: ANN401 -- the hub's
    """Look at everybody who holds something; one failure keeps nobody else from being looked at."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(user: Any) -> None:  # noqa: ANN401 -- the hub's
        async with places:
            try:
                await look(user)
            except Exception:
                app_log.exception("A look at %s failed", user.name)

    everybody = list(_holding(app))
    random.shuffle(everybody)
    await asyncio.gather(*map(one, everybody))


def _holding(app: Any) -> Iterator[Any]:  # noqa: ANN401 -- the hub's
    # Read first: the hub's list grows while it is asked for somebody.
    administrators = list(app.db.query(User).filter(User.admin.is_(True)))
    seen = [app.users[one] for one in administrators]
    yield from seen
    yield from (user for user in list(app.users.values()) if user not in seen and user.active)
