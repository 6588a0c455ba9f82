"""Stops idle servers with a GPU sooner than others: somebody waits for what they hold.

Two parts. `service` runs in the hub and gives it one more service; as a program this is that service. The
chart's own culler, which knows one idle time for all, goes on beside it.
"""

from __future__ import annotations

import json
import logging
import os
import time
from argparse import ArgumentParser
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

_LOG = logging.getLogger("gpu-culler")

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


def due(user: Mapping[str, Any], profiles: Collection[str], idle: float, now: datetime) -> Iterator[str]:
    """Name those servers of a user that have a GPU and that nobody has used for so long."""
    for name, server in (user.get("servers") or {}).items():
        chosen = (server.get("user_options") or {}).get("profile") or UNCHOSEN
        last = server.get("last_activity") or server.get("started")
        if chosen not in profiles or not last or server.get("pending") or not server.get("ready"):
            continue
        if (now - datetime.fromisoformat(last.replace("Z", "+00:00"))).total_seconds() >= idle:
            yield name


def once(api: str, token: str, profiles: Collection[str], idle: float) -> None:
    """Look at all servers that run, and stop those that are due."""
    page: str | None = f"{api}/users?state=ready"
    while page:
        told = _ask("GET", page, token)
        for user in told["items"]:
            for name in due(user, profiles, idle, datetime.now(UTC)):
                _LOG.info("Stopping the idle GPU server of %s %s", user["name"], name)
                path = f"servers/{quote(name, safe='')}" if name else "server"
                _ask("DELETE", f"{api}/users/{quote(user['name'], safe='')}/{path}", token)
        page = ((told.get("_pagination") or {}).get("next") or {}).get("url")


def _ask(method: str, url: str, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"token {token}", "Accept": "application/jupyterhub-pagination+json"}
    request = Request(url, method=method, headers=headers)  # noqa: S310 -- the hub beside it
    with urlopen(request, timeout=60) as answer:  # noqa: S310 -- as above
        body = answer.read()
    return json.loads(body) if body else {}


def _main() -> None:
    logging.basicConfig(level=logging.INFO, format="[%(levelname).1s %(asctime)s gpu-culler] %(message)s")
    words = ArgumentParser()
    words.add_argument("--url")
    words.add_argument("--timeout", type=float)
    words.add_argument("--cull-every", type=float)
    given = words.parse_args()
    profiles, token = os.environ[_PROFILES].split(","), os.environ["JUPYTERHUB_API_TOKEN"]
    while True:
        try:
            once(given.url, token, profiles, given.timeout)
        except Exception:
            # A hub that is busy or restarts is asked again.
            _LOG.exception("A look at the GPU servers failed")
        time.sleep(given.cull_every)


if __name__ == "__main__":
    _main()
