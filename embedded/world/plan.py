"""What the outside of a stack consists of: names, addresses, ports and services, derived from its document.

Pure. Ranges that a document names get addresses inside them; what it calls public gets the address of a
range that nobody uses any more. So the stack's own network policies decide who reaches what.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

Document = Mapping[str, Any]
Role = Literal["identity", "edge", "proxy", "relay", "silence", "buckets"]

# 6to4 relay anycast, deprecated by RFC 7526 and not among the private ranges: public to a policy.
PUBLIC = "192.88.99.0/24"
# Which address of a range a service gets: two of them may want the same port in the same range.
PLACES: Mapping[Role, int] = {"identity": 1, "edge": 2, "proxy": 3, "relay": 4, "silence": 5, "buckets": 6}
EDGE_PORT = 7844
EDGE_NAMES = ("region1.v2.argotunnel.com", "region2.v2.argotunnel.com")
CLUSTER = ".svc.cluster.local"
# Of each of Microsoft's clouds: where people sign in, and where Graph is.
CLOUDS = {
    "global": ("login.microsoftonline.com", "graph.microsoft.com"),
    "usGovernment": ("login.microsoftonline.us", "graph.microsoft.us"),
    "china": ("login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"),
}
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, order=True)
class Listener:
    """One port of one outside name, and who answers there."""

    name: str
    address: str
    port: int
    role: Role
    tls: bool = False


@dataclass(frozen=True)
class Application:
    """The hub as it is registered at its identity provider."""

    provider: Literal["entra", "github", "cloudflare"]
    host: str
    realm: str
    client_id: str
    callback: str


@dataclass(frozen=True)
class Tunnel:
    """A public host that leads through the edge to a Service of the cluster."""

    host: str
    origin: str


@dataclass(frozen=True)
class Plan:
    """The outside of one stack."""

    listeners: tuple[Listener, ...]
    application: Application | None
    tunnel: Tunnel | None

    def of(self, role: Role) -> tuple[Listener, ...]:
        """Give what one service answers to."""
        return tuple(listener for listener in self.listeners if listener.role == role)


def plan(document: Document) -> Plan:
    """Derive the outside of a stack."""
    found = [*_identity(document), *_tunnel_edge(document), *_database(document)]
    found += [*_egress_proxy(document), *_services(document)]
    unique = {(listener.name, listener.port): listener for listener in reversed(found)}
    return Plan(tuple(sorted(unique.values())), _application(document), _tunnel(document))


def hosts(listeners: Iterable[Listener]) -> str:
    """Write the names as a hosts file, which knows no star: only browsers of this machine ask for those."""
    named = (listener for listener in listeners if not listener.name.startswith("*."))
    lines = sorted({f"{listener.address} {listener.name}" for listener in named})
    return "".join(f"{line}\n" for line in lines)


def hosts_of(document: Document) -> tuple[str, ...]:
    """Name the hub's host, and what stands for those of users' servers, where these have some."""
    way = document["ingress"]
    return (way["host"], *([f"*.{way['host']}"] if way.get("userSubdomains") else []))


def identity_hosts(auth: Document) -> tuple[str, ...]:
    """Name the identity provider's hosts; the first serves the pages that people see."""
    return {
        "entra": CLOUDS[auth.get("cloud", "global")],
        "github": ("github.com", "api.github.com"),
        "cloudflare": (f"{auth.get('team')}.cloudflareaccess.com",),
    }.get(str(auth["provider"]), ())


def public_url(document: Document) -> str:
    """Give the address that people type."""
    way, tls = document["ingress"], document["tls"]
    scheme = "http" if tls.get("termination") == "nowhere" else "https"
    port = way.get("port", 443)
    return f"{scheme}://{way['host']}" + ("" if port == _PORTS[scheme] else f":{port}")


def _identity(document: Document) -> Iterator[Listener]:
    auth = document["auth"]
    for name in identity_hosts(auth):
        yield Listener(name, address(auth["reach"], "identity"), 443, "identity", tls=True)


def _application(document: Document) -> Application | None:
    auth = document["auth"]
    names = identity_hosts(auth)
    if not names:
        return None
    return Application(
        provider=auth["provider"],
        host=names[0],
        realm=str(auth.get("tenantId") or auth.get("team") or ""),
        client_id=auth["clientId"],
        callback=f"{public_url(document)}/hub/oauth_callback",
    )


def _tunnel(document: Document) -> Tunnel | None:
    way = document["ingress"]
    if not way.get("tunnel"):
        return None
    service = f"proxy-public.{document['namespace']['name']}{CLUSTER}"
    return Tunnel(way["host"], f"http://{service}:80")


def _tunnel_edge(document: Document) -> Iterator[Listener]:
    way = document["ingress"]
    if not way.get("tunnel"):
        return
    for place, name in enumerate(EDGE_NAMES):
        yield Listener(name, address(way["tunnel"]["reach"], "edge", place), EDGE_PORT, "edge")
    for name in hosts_of(document):
        yield Listener(name, address({}, "edge"), 443, "edge", tls=True)


def _database(document: Document) -> Iterator[Listener]:
    database = document["database"]
    if database["kind"] == "external" and _outside(database["reach"]):
        port = database.get("port", 5432)
        yield Listener(database["host"], address(database["reach"], "relay"), port, "relay")


def _egress_proxy(document: Document) -> Iterator[Listener]:
    proxy = document.get("network", {}).get("egressProxy")
    if proxy:
        name, port = _split(proxy["url"])
        yield Listener(name, address(proxy["reach"], "proxy"), port, "proxy")


def _services(document: Document) -> Iterator[Listener]:
    """What notebooks use outside the cluster: buckets; all else is answered in plain words as not here."""
    store = document.get("storage", {}).get("objectStore") or {}
    claimed: Role = "buckets" if store.get("kind") == "cephS3" else "silence"
    named = [(store.get("endpoint"), store.get("reach"), claimed)]
    named += [
        (entry.get("url"), entry.get("reach"), "silence")
        for entry in document.get("services", {}).get("catalogue", ())
    ]
    for url, reach, role in named:
        if url and reach and _outside(reach):
            name, port = _split(url)
            yield Listener(name, address(reach, role), port, role, tls=url.startswith("https:"))


def _outside(reach: Document) -> bool:
    return not reach.get("namespace")


def _split(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)


def address(reach: Document, role: Role, place: int = 0) -> str:
    """Choose an address that the stack's policies mean by this reach.

    The `place`-th range counts, so that a service with several names spreads over several ranges.
    """
    ranges = [ipaddress.ip_network(cidr) for cidr in reach.get("cidrs", ())]
    fitting = [found for found in ranges if isinstance(found, ipaddress.IPv4Network)]
    fitting = fitting or [ipaddress.IPv4Network(PUBLIC)]
    chosen = fitting[place % len(fitting)]
    return str(chosen[PLACES[role] % chosen.num_addresses])
