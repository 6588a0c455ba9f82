"""The chart's values for services and roles: the idle culler and those of `hub.services`, `hub.loadRoles`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

CULLER = "jupyterhub-idle-culler"
_CULLER_SCOPES = ("list:users", "read:users:activity", "read:servers", "delete:servers")


def services(hub: Mapping[str, Any], cull: Mapping[str, Any], token: Callable[[str], str]) -> list[Any]:
    """Give the hub's services; `token` finds the kept token of one by its key in the values."""
    found = [culler(cull, str(hub["baseUrl"]))] if cull["enabled"] else []
    return [
        *found,
        *(_service(key, body, token) for key, body in sorted((hub.get("services") or {}).items())),
    ]


def roles(hub: Mapping[str, Any], cull: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the roles, the culler's with no more than it needs."""
    found: list[dict[str, Any]] = []
    if cull["enabled"]:
        scopes = [*_CULLER_SCOPES, *(["admin:users"] if cull.get("users") else [])]
        found.append({"name": CULLER, "scopes": scopes, "services": [CULLER]})
    return [*found, *({"name": key, **body} for key, body in sorted((hub.get("loadRoles") or {}).items()))]


def culler(cull: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Give the idle culler as a service that the hub runs beside itself."""
    base = base_url.rstrip("/")
    api = f"http://localhost:8081{base}/hub/api"
    return {
        "name": CULLER,
        "command": ["python3", "-m", "jupyterhub_idle_culler", f"--url={api}", *_culler_options(cull)],
    }


def _culler_options(cull: Mapping[str, Any]) -> Iterator[str]:
    for key, option in (("timeout", "timeout"), ("every", "cull-every"), ("concurrency", "concurrency")):
        if cull.get(key):
            yield f"--{option}={cull[key]}"
    if cull.get("users"):
        yield "--cull-users"
    # On by default in the culler itself.
    if not cull.get("adminUsers"):
        yield "--cull-admin-users=false"
    if cull.get("removeNamedServers"):
        yield "--remove-named-servers"
    if cull.get("maxAge"):
        yield f"--max-age={cull['maxAge']}"


def _service(key: str, body: Mapping[str, Any], token: Callable[[str], str]) -> dict[str, Any]:
    given = {name: value for name, value in body.items() if name not in ("apiToken", "api_token")}
    return {"name": key, **given, "api_token": token(key)}
