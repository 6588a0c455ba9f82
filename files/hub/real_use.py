"""Lets a server's own report alone say that it is used.

Runs in the hub. The proxy counts everything that passes through it, and an open page sends something twice a
minute whether or not anybody sits before it. The routes are still looked at: those that are missing are
added again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CULLERS = ("jupyterhub-idle-culler", "gpu-culler")
_LATER = "import os, sys, time; time.sleep(float(sys.argv[1])); os.execvp(sys.argv[2], sys.argv[2:])"


def without_traffic(proxy: type) -> type:
    """Give this proxy, whose routes do not say when something last passed."""

    async def get_all_routes(self: Any, *given: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JupyterHub's
        routes: dict[str, Any] = await proxy.get_all_routes(self, *given, **more)  # type: ignore[attr-defined]
        for route in routes.values():
            route["data"].pop("last_activity", None)
        return routes

    return type(proxy.__name__, (proxy,), {"get_all_routes": get_all_routes})


def after_reports(services: Iterable[dict[str, Any]], python: str, patience: int) -> list[dict[str, Any]]:
    """Let cullers wait so many seconds: while the hub was away it heard of no use, and now it does."""
    return [
        {**one, "command": [python, "-c", _LATER, str(patience), *one["command"]]}
        if one["name"] in CULLERS
        else one
        for one in services
    ]
