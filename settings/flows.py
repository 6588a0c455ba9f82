"""Who may reach what, as one list: policies, values and the firewall request are all made from it.

What is not in the list is denied. Left out is what no policy can deny: a node reaches its own pods
(the kubelet's probes), and a pod reaches itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from settings import surroundings
from settings.document import Settings
from settings.flow import ROLES, Flow, Peer, Pods, Ports, Ranges, Role, along, merged, peer_of, tcp
from settings.ways import Way, of_hub, of_users

__all__ = [
    "CONNECTOR",
    "CONNECTOR_METRICS",
    "HUB",
    "NOTEBOOK",
    "PROXY",
    "PROXY_API",
    "PROXY_TLS",
    "Flow",
    "flows",
    "roles",
]

HUB, PROXY, PROXY_TLS, PROXY_API, NOTEBOOK = 8081, 8000, 8443, 8001, 8888
"""Ports of the release's pods, as the chart has them."""
CONNECTOR = {"app.kubernetes.io/name": "cloudflared"}
"""Labels by which policies know the tunnel's connector in our namespace."""
CONNECTOR_METRICS = 2000
"""Port of the connector's metrics, which ask for no token and tell of connections alone."""
_EDGE = ("region1.v2.argotunnel.com", "region2.v2.argotunnel.com")
_QUIC = 7844


def flows(settings: Settings) -> tuple[Flow, ...]:
    """Give every flow that these settings allow."""
    parts: tuple[Callable[[Settings], Iterator[Flow]], ...] = (
        _release,
        _names,
        _api_server,
        _ways,
        _tunnel,
        _proxy,
        _metrics,
        surroundings.flows,
    )
    return merged(flow for part in parts for flow in part(settings))


def roles(settings: Settings) -> tuple[Role, ...]:
    """Give the kinds of pods that these settings make."""
    return tuple(role for role in ROLES if role != "tunnel" or settings.ingress.tunnel)


def _release(settings: Settings) -> Iterator[Flow]:
    """Give what the chart's policies open between its own pods, whatever the settings say."""
    for source, target, port, why in (
        ("hub", "proxy", PROXY_API, "the hub tells the proxy its routes"),
        ("hub", "users", NOTEBOOK, "the hub asks whether a server is up"),
        ("proxy", "hub", HUB, "pages and API of the hub"),
        ("proxy", "users", NOTEBOOK, "people's requests to their servers"),
        ("users", "hub", HUB, "a server asks who its visitor is, and tells when it is busy"),
    ):
        yield Flow(source=source, target=target, why=why, ports=tcp(port), setting="settings.hub.release")


def _names(settings: Settings) -> Iterator[Flow]:
    dns = settings.network.dns
    places: list[tuple[Peer, str]] = []
    if dns.cidrs:
        places.append((Ranges(cidrs=dns.cidrs), "settings.network.dns.cidrs"))
    if dns.kube_system:
        places.append((Pods(namespace="kube-system"), "settings.network.dns.kubeSystem"))
    for role in roles(settings):
        for peer, setting in places:
            yield Flow(
                source=role,
                target="dns",
                why="names become addresses",
                ports=(("UDP", 53), ("TCP", 53)),
                setting=setting,
                peer=peer,
            )


def _api_server(settings: Settings) -> Iterator[Flow]:
    reach = settings.network.api_server
    yield Flow(
        source="hub",
        target="api-server",
        why="the hub starts and stops servers",
        ports=tcp(*reach.ports),
        setting="settings.network.apiServer",
        peer=Ranges(cidrs=reach.cidrs),
    )


def _ways(settings: Settings) -> Iterator[Flow]:
    """Give what hub and notebooks reach beyond the release, straight or through the egress proxy."""
    network, services = settings.network, settings.services
    for way in of_hub(settings.auth, settings.database, services, network):
        yield from along("hub", way, network.egress_proxy)
    for way in of_users(settings.storage, services, network):
        yield from along("users", way, network.egress_proxy)


def _tunnel(settings: Settings) -> Iterator[Flow]:
    tunnel = settings.ingress.tunnel
    if not tunnel:
        return
    edge = Way(
        target="cloudflare-edge",
        why="the tunnel, which the connector opens from inside",
        reach=tunnel.reach,
        setting="settings.ingress.tunnel.reach",
        hosts=_EDGE,
    )
    yield from along("tunnel", edge, None, _edge_ports(tunnel.reach.ports))
    yield Flow(
        source="tunnel",
        target="proxy",
        why="people's requests",
        ports=tcp(PROXY),
        setting="settings.ingress.tunnel",
    )


def _edge_ports(ports: tuple[int, ...]) -> Ports:
    """Speak QUIC where it is open; the connector falls back to TCP at the same port."""
    return (*tcp(*ports), *((("UDP", _QUIC),) if _QUIC in ports else ()))


def _proxy(settings: Settings) -> Iterator[Flow]:
    """Give what reaches the proxy from outside; beside a tunnel that is nothing."""
    sources = () if settings.ingress.tunnel else settings.network.ingress_from
    serving = PROXY_TLS if settings.tls.termination == "endToEnd" else PROXY
    for at, source in enumerate(sources):
        yield Flow(
            source="ingress",
            target="proxy",
            why="people's requests",
            ports=tcp(serving),
            setting=f"settings.network.ingressFrom[{at}]",
            peer=peer_of(source),
        )


def _metrics(settings: Settings) -> Iterator[Flow]:
    monitoring = settings.monitoring
    targets = [("hub", HUB, "metrics, with a token")]
    if settings.ingress.tunnel:
        targets.append(("tunnel", CONNECTOR_METRICS, "metrics of the connectors"))
    for at, namespace in enumerate(monitoring.namespaces if monitoring.metrics else ()):
        for target, port, why in targets:
            yield Flow(
                source="prometheus",
                target=target,
                why=why,
                ports=tcp(port),
                setting=f"settings.monitoring.namespaces[{at}]",
                peer=Pods(namespace=namespace),
            )
