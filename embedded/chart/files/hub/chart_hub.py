"""The chart's values for JupyterHub itself: addresses, limits, pages, database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Traits = dict[str, Any]

# Values whose trait is left to JupyterHub's own default when nothing is given.
_OPTIONAL = {
    "baseUrl": "base_url",
    "concurrentSpawnLimit": "concurrent_spawn_limit",
    "activeServerLimit": "active_server_limit",
    "allowNamedServers": "allow_named_servers",
    "namedServerLimitPerUser": "named_server_limit_per_user",
    "authenticatePrometheus": "authenticate_prometheus",
    "redirectToServer": "redirect_to_server",
    "shutdownOnLogout": "shutdown_on_logout",
    "templatePaths": "template_paths",
    "templateVars": "template_vars",
}
_SQLITE = {"sqlite-pvc": "sqlite:///jupyterhub.sqlite", "sqlite-memory": "sqlite://"}
# The variables that the clients of the two databases read a password from.
_PASSWORD_VARIABLE = {"postgres": "PGPASSWORD", "mysql": "MYSQL_PWD"}


def jupyterhub(hub: Mapping[str, Any], debug: bool) -> Traits:
    """Give the traits of JupyterHub."""
    traits: Traits = {
        "spawner_class": "kubespawner.KubeSpawner",
        "db_url": database_url(hub["db"]),
        # All interfaces: proxy and user pods come by the Service `hub`.
        "hub_bind_url": "http://:8081",
        "hub_connect_url": "http://hub:8081",
        # Pods outlive the hub: it restarts without stopping anybody's server.
        "cleanup_servers": False,
        # People see their server as active within a minute, and the culler too.
        "last_activity_interval": 60,
        # Starting a pod always takes longer than a request should: show the waiting page at once.
        "tornado_settings": {"slow_spawn_timeout": 0},
    }
    traits |= {trait: hub[key] for key, trait in _OPTIONAL.items() if hub.get(key) is not None}
    if debug:
        traits["log_level"] = "DEBUG"
    return traits


def spawner(hub: Mapping[str, Any], debug: bool) -> Traits:
    """Give the traits that belong to any spawner and are set for the hub as a whole."""
    traits: Traits = {}
    if hub.get("consecutiveFailureLimit") is not None:
        traits["consecutive_failure_limit"] = hub["consecutiveFailureLimit"]
    if debug:
        traits["debug"] = True
    return traits


def proxy(port: str) -> Traits:
    """Give the traits of the proxy: it runs in a pod of its own, and the hub never starts one."""
    return {"api_url": f"http://proxy-api:{port}", "should_start": False}


def database_url(database: Mapping[str, Any]) -> str:
    """Give SQLAlchemy's address of the database."""
    return str(_SQLITE.get(database["type"]) or database["url"])


def password_variable(kind: str) -> str:
    """Give the name of the variable for the database's password, or nothing where there is none."""
    return _PASSWORD_VARIABLE.get(kind, "")
