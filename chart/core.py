"""Values for hub and proxy themselves: their size, and metrics."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings
from settings.cluster import Amounts
from settings.hub import Resources
from settings.names import amount

_MEBIBYTE = 1024**2
_LARGE_PROXY = 1024 * _MEBIBYTE


def hub(settings: Settings) -> Values:
    """Size the hub and its proxy, and how much the hub does at once."""
    limits = settings.hub.limits
    values: Values = {
        "hub": {
            "resources": resources(settings.hub.resources),
            "concurrentSpawnLimit": limits.concurrent_spawns,
            "consecutiveFailureLimit": limits.consecutive_failures,
        },
        "proxy": {
            "chp": {"resources": resources(settings.hub.proxy_resources), **_heap(settings)},
            # The chart's default is a load balancer; the ingress controller needs none.
            "service": {"type": "ClusterIP"},
        },
    }
    if limits.active_servers:
        values["hub"]["activeServerLimit"] = limits.active_servers
    return values


def _heap(settings: Settings) -> Values:
    """Let the proxy use the memory that it has.

    Node takes about half of a container's memory for its heap, and dies at that bound with the other half
    free: with some hundred users that was seen. A small proxy has few routes to keep, and no need of it.
    """
    limit = settings.hub.proxy_resources.limits.memory
    if limit is None or amount(limit) < _LARGE_PROXY:
        return {}
    heap = int(amount(limit) * 3 / 4 / _MEBIBYTE)
    return {"extraEnv": {"NODE_OPTIONS": f"--max-old-space-size={heap}"}}


def resources(wanted: Resources) -> Values:
    """Write requests and limits as a container has them."""
    both = {"requests": amounts(wanted.requests), "limits": amounts(wanted.limits)}
    return {name: given for name, given in both.items() if given}


def amounts(given: Amounts) -> Values:
    """Write the amounts that are given."""
    return given.model_dump(exclude_none=True)


def metrics(settings: Settings) -> Values:
    """Give Prometheus a token that reads metrics and nothing else; the hub asks everyone for one."""
    if not settings.monitoring.metrics:
        return {}
    return {
        "hub": {
            "services": {"prometheus": {"display": False}},
            "loadRoles": {"prometheus": {"services": ["prometheus"], "scopes": ["read:metrics"]}},
        }
    }
