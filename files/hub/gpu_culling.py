"""Stops idle servers with a GPU sooner than others: somebody waits for what they hold.

Two parts. `service` runs in the hub and gives it one more service; as a program this is that service, the
idle culler of all other servers with a narrower eye.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

NAME = "gpu-culler"
_PROFILES = "CULLED_PROFILES"
_SCOPES = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
# What a server has whose user chose nothing.
UNCHOSEN = "-"


def service(
    culling: Mapping[str, Any], hub_url: str, base_url: str, python: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the service that the hub runs beside itself, and its role, with no more than it needs."""
    port = urlsplit(hub_url).port or 8081
    running = {
        "name": NAME,
        "display": False,
        "command": [
            python,
            os.path.abspath(__file__),  # noqa: PTH100 -- the hub reads it as text
            f"--url=http://localhost:{port}{base_url.rstrip('/')}/hub/api",
            f"--timeout={culling['idle']}",
            f"--cull-every={culling['every']}",
        ],
        "environment": {_PROFILES: ",".join(culling["profiles"])},
    }
    return running, {"name": NAME, "scopes": _SCOPES, "services": [NAME]}


def arbiter(profiles: Collection[str]) -> Callable[..., bool]:
    """Decide by the option that a server was started with; all others are another culler's."""

    def decide(inactive: timedelta | None, inactive_limit: float, server: Mapping[str, Any]) -> bool:
        chosen = (server.get("user_options") or {}).get("profile") or UNCHOSEN
        return chosen in profiles and inactive is not None and inactive.total_seconds() >= inactive_limit

    return decide


def _main() -> None:
    from jupyterhub_idle_culler import IdleCuller

    culler = IdleCuller.instance(cull_arbiter_hook=arbiter(os.environ[_PROFILES].split(",")))
    culler.initialize()
    culler.start()


if __name__ == "__main__":
    _main()
