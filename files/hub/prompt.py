"""Lets the hub see at once that a pod runs and that a server answers.

Runs in the hub. JupyterHub and KubeSpawner ask again after random pauses that grow up to five seconds: a
server that is there after two seconds is noticed a second later on average. What is asked is cheap (a look
at what the watch of pods has told, one request to the server that starts), so the pauses are kept short.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType

LONGEST_PAUSE = 0.25


def waiting_in(*modules: ModuleType) -> None:
    """Keep the pauses short wherever these modules wait; each has the function under a name of its own."""
    for module in modules:
        module.exponential_backoff = partial(module.exponential_backoff, max_wait=LONGEST_PAUSE)  # type: ignore[attr-defined]
