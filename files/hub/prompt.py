"""Lets the hub see at once that a pod runs and that a server answers.

Runs in the hub. JupyterHub and KubeSpawner ask again after random pauses that grow up to five seconds: a
server that is there after two seconds is noticed a second later on average. What is asked is cheap (a look
at what the watch of pods has told, one request to the server that starts), so the pauses are kept short; but
the more wait, the longer, so that a crowd's questions do not take the hub the time that starting them needs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from types import ModuleType
from typing import Any

Wait = Callable[..., Awaitable[Any]]
PAUSE_OF_EACH = 0.1
LONGEST_PAUSE = 1.0


class Pauses:
    """Short for one that waits alone."""

    def __init__(self) -> None:
        self.waiting = 0

    def shortened(self, wait: Wait) -> Wait:
        """Do as JupyterHub's own wait does, with these pauses where the caller asks for none."""

        @wraps(wait)
        async def waited(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- whatever is waited for
            self.waiting += 1
            try:
                longest = min(self.waiting * PAUSE_OF_EACH, LONGEST_PAUSE)
                return await wait(*args, **{"max_wait": longest, **kwargs})
            finally:
                self.waiting -= 1

        return waited


def waiting_in(*modules: ModuleType) -> None:
    """Keep the pauses short wherever these modules wait; each has the function under a name of its own."""
    pauses = Pauses()
    for module in modules:
        module.exponential_backoff = pauses.shortened(module.exponential_backoff)  # type: ignore[attr-defined]
