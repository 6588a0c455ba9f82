"""Values for the chart's NetworkPolicies: every flow is named, none of the chart's broad ones is left on."""

from __future__ import annotations

from typing import Any

from chart.merge import Values
from settings import Settings
from settings.network import Addresses, Dns, Reach

# The chart's switches open whole address ranges; each flow is a rule of its own instead.
_SWITCHES = (
    "cloudMetadataServer",
    "dnsPortsCloudMetadataServer",
    "dnsPortsKubeSystemNamespace",
    "dnsPortsPrivateIPs",
    "nonPrivateIPs",
    "privateIPs",
)


def policies(settings: Settings) -> Values:
    """Say who may reach hub, proxy and user pods, and where those may go."""
    network = settings.network
    dns = _dns(network.dns)
    monitors = settings.monitoring.namespaces if settings.monitoring.metrics else ()
    hub_ways = [dns, _out(network.api_server), *(_reach(way.reach) for way in network.hub_egress)]
    user_ways = [dns, *(_reach(way.reach) for way in network.user_egress)]
    proxy_from = [_peer(peer) for peer in network.ingress_from]
    return {
        "hub": {"networkPolicy": _policy(hub_ways, _in([_peer(name) for name in monitors], "http"))},
        "proxy": {"chp": {"networkPolicy": _policy([dns], _in(proxy_from, "http"))}},
        "singleuser": {"networkPolicy": _policy(user_ways, [])},
    }


def _policy(egress: list[Values], ingress: list[Values]) -> Values:
    return {
        "enabled": True,
        "egressAllowRules": dict.fromkeys(_SWITCHES, False),
        "egress": egress,
        "ingress": ingress,
        # Ports that everyone may reach; for the proxy the chart's default is all of its ports.
        "allowedIngressPorts": [],
    }


def _in(peers: list[Values], port: str) -> list[Values]:
    return [{"from": peers, "ports": [{"port": port}]}] if peers else []


def _out(flow: Addresses) -> Values:
    return {"to": [_peer(cidr) for cidr in flow.cidrs], "ports": _tcp(flow.ports)}


def _reach(reach: Reach) -> Values:
    return {"to": [_peer(cidr) for cidr in reach.cidrs], "ports": _tcp(reach.ports)}


def _tcp(ports: tuple[int, ...]) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _dns(dns: Dns) -> Values:
    resolvers = [_peer(cidr) for cidr in dns.cidrs]
    if dns.kube_system:
        resolvers.append(_peer("kube-system"))
    return {"to": resolvers, "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}


def _peer(peer: str) -> Values:
    if "/" in peer:
        return {"ipBlock": {"cidr": peer}}
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": peer}}}
