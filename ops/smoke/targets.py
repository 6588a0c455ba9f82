"""What a notebook must not reach, what it must, and what the settings grant it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from ops.kubectl import Json, NoAnswer
from ops.smoke.visit import Visit, is_own
from settings import Settings
from settings.flow import Flow, Pods, Public, Ranges
from settings.flows import CONNECTOR, CONNECTOR_METRICS, HUB, NOTEBOOK, PROXY_API, flows
from settings.services import for_users
from settings.storage import ExternalDatabase, NoObjectStore

_METADATA = "169.254.169.254"
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "kafka": 9092, "ray": 10001}
_NEIGHBOURS = 3


@dataclass(frozen=True)
class Target:
    """One end of a connection; through an HTTP proxy, where there is one."""

    what: str
    host: str
    port: int
    through: tuple[str, int] | None = None
    namespace: str = ""
    """Where it is pods of the cluster: the settings may grant a whole namespace."""


def needed(settings: Settings) -> list[Target]:
    """Give what every notebook reaches: without it a refusal of anything else means nothing."""
    return [Target("the hub, by its name", f"hub.{settings.namespace.name}.svc", HUB)]


def granted(settings: Settings) -> list[Target]:
    """Give the services that the settings open for notebooks."""
    ways = [(one.name or one.kind, one.url, one.reach) for one in for_users(settings.services)]
    store = settings.storage.object_store
    if not isinstance(store, NoObjectStore):
        ways.append(("object store", store.endpoint, store.reach))
    proxy = settings.network.egress_proxy
    found = []
    for name, url, reach in ways:
        through = _place(proxy.url) if proxy and reach.egress_proxy else None
        found.append(Target(name, *_place(url), through))
    return found


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)


def denied(visit: Visit) -> list[Target]:
    """Give what no notebook may reach."""
    settings, namespace = visit.settings, visit.settings.namespace.name
    found = [
        Target("the API server", "kubernetes.default.svc", 443),
        *_api_servers(settings),
        Target("the proxy's API", f"proxy-api.{namespace}.svc", PROXY_API),
        Target("the cloud's metadata", _METADATA, 80),
    ]
    if isinstance(settings.database, ExternalDatabase):
        found.append(_database(settings.database))
    found += [
        Target("another user's server", address, NOTEBOOK)
        for address in _addresses(visit, "component=singleuser-server")[:_NEIGHBOURS]
    ]
    if settings.ingress.tunnel:
        label = ",".join(f"{name}={value}" for name, value in CONNECTOR.items())
        connectors = _addresses(visit, label)[:1]
        found += [Target("the tunnel's metrics", address, CONNECTOR_METRICS) for address in connectors]
    return found


def _database(database: ExternalDatabase) -> Target:
    namespace = database.reach.namespace or ""
    return Target("the hub's database", database.host, database.port, namespace=namespace)


def _api_servers(settings: Settings) -> Iterator[Target]:
    reach = settings.network.api_server
    for cidr in reach.cidrs:
        network = ip_network(cidr)
        # Of a range it is not known which address is one.
        if network.num_addresses == 1:
            yield from (Target("the API server", str(network[0]), port) for port in reach.ports)


def _addresses(visit: Visit, selector: str) -> list[str]:
    try:
        pods: list[Json] = visit.live.cluster.items("pods", selector)
    except NoAnswer:
        return []
    return [
        pod["status"]["podIP"]
        for pod in pods
        if pod["status"].get("podIP") and pod["status"].get("phase") == "Running" and not is_own(pod)
    ]


def opened_by(settings: Settings, target: Target, address: str) -> str | None:
    """Name the setting that lets notebooks reach an address, if any does."""
    users = [flow for flow in flows(settings) if flow.source == "users"]
    return next((flow.setting for flow in users if _covers(flow, target, address)), None)


def _covers(flow: Flow, target: Target, address: str) -> bool:
    if isinstance(flow.peer, Pods):
        # Behind a Service the pods' own port counts, which may be another.
        return flow.peer.namespace == target.namespace
    if ("TCP", target.port) not in flow.ports:
        return False
    if isinstance(flow.peer, Public):
        return ip_address(address).is_global
    return isinstance(flow.peer, Ranges) and any(
        ip_address(address) in ip_network(cidr) for cidr in flow.peer.cidrs
    )
