"""Environment variables for what goes out through the egress proxy, and for what must not."""

from __future__ import annotations

from typing import Literal

from settings.document import Settings
from settings.ways import Way, of_hub, of_users

# Names of the release's Services have no dot; the rest are the suffixes of every cluster.
_INSIDE = ("localhost", "127.0.0.1", "hub", "proxy-api", "proxy-public", ".svc", ".cluster.local")
# Kubernetes puts the Service's address in. The hub's client of the API server obeys HTTPS_PROXY too.
_API_SERVER = "$(KUBERNETES_SERVICE_HOST)"


def proxy_environment(settings: Settings, pods: Literal["hub", "users"]) -> dict[str, str]:
    """Give the variables for hub or user pods; none where nothing of theirs goes through the proxy.

    Each in both cases, since programs differ in what they read. The hub has no HTTP_PROXY: it asks
    user pods by their address over plain HTTP, and few settings know all addresses of the pods.
    """
    proxy = settings.network.egress_proxy
    ways = tuple(_ways(settings, pods))
    if not proxy or not any(way.reach.egress_proxy for way in ways):
        return {}
    straight = (host for way in ways if not way.reach.egress_proxy for host in way.hosts)
    passed_by = (
        *_INSIDE,
        *((_API_SERVER,) if pods == "hub" else ()),
        *settings.network.cluster_ranges,
        *straight,
        *proxy.no_proxy,
    )
    named = {"HTTPS_PROXY": proxy.url, "NO_PROXY": ",".join(dict.fromkeys(passed_by))}
    if pods == "users":
        named["HTTP_PROXY"] = proxy.url
    return {name: value for key, value in sorted(named.items()) for name in (key, key.lower())}


def _ways(settings: Settings, pods: Literal["hub", "users"]) -> tuple[Way, ...]:
    if pods == "users":
        return tuple(of_users(settings.storage, settings.services, settings.network))
    return tuple(of_hub(settings.auth, settings.database, settings.services, settings.network))
