"""NetworkPolicies made from the flows: the chart's by its values, the tunnel's as a spec of its own.

None of the chart's broad switches is left on: each flow is a rule. Rules name ports as packets carry
them, behind a Service; for pods of the chart that is the container's port, by the name it has there.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from chart.merge import Values
from settings import Settings
from settings.capabilities import LABEL
from settings.flow import Flow, Peer, Pods, Ports, Ranges, Role
from settings.flows import CONNECTOR, HUB, PROXY, PROXY_TLS, flows
from settings.services import environment_map, for_users, name_of

# The chart's switches open whole address ranges; each flow is a rule of its own instead.
_SWITCHES = (
    "cloudMetadataServer",
    "dnsPortsCloudMetadataServer",
    "dnsPortsKubeSystemNamespace",
    "dnsPortsPrivateIPs",
    "nonPrivateIPs",
    "privateIPs",
)
_NAMED = {("hub", HUB): "http", ("proxy", PROXY): "http", ("proxy", PROXY_TLS): "https"}
# What is nobody's public address (IANA's registries of special-purpose addresses). Among the IPv6 ones
# are those behind which IPv4 addresses hide: through a translator they would open every private range.
_NOT_PUBLIC = {
    4: (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ),
    6: (
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2001:db8::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    ),
}
_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


def policies(settings: Settings) -> Values:
    """Say who may reach hub, proxy and user pods, and where those may go."""
    return {
        "hub": {"networkPolicy": _of_chart("hub", settings)},
        "proxy": {"chp": {"networkPolicy": _of_chart("proxy", settings)}},
        "singleuser": {"networkPolicy": _of_chart("users", settings)},
    }


def own_policies(settings: Settings) -> dict[str, Values]:
    """Give the policies that the chart has no place for, by name: each the spec of a NetworkPolicy."""
    if not settings.ingress.tunnel:
        return {}
    spec = {
        "podSelector": {"matchLabels": dict(CONNECTOR)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _in("tunnel", settings),
        "egress": _out("tunnel", settings),
    }
    return {"tunnel": spec}


def service_policies(settings: Settings) -> dict[str, Values]:
    """Give a policy for each service of users, by its name: out to it, from pods of those who may use it.

    The label comes from the hub at the start of a server; nothing in a user pod can change it.
    """
    return {
        environment_map(one): {
            "podSelector": {
                "matchLabels": {
                    **_of_release("singleuser-server", settings),
                    f"{LABEL}/{name_of(one)}": "true",
                }
            },
            "policyTypes": ["Egress"],
            "egress": _out("users", settings, name_of(one)),
        }
        for one in for_users(settings.services)
    }


def _of_chart(role: Role, settings: Settings) -> Values:
    return {
        "enabled": True,
        "egressAllowRules": dict.fromkeys(_SWITCHES, False),
        "egress": _out(role, settings),
        "ingress": _in(role, settings),
        # Ports that everyone may reach; for the proxy the chart's default is all of its ports.
        "allowedIngressPorts": [],
    }


def _out(role: Role, settings: Settings, granted: str | None = None) -> list[Values]:
    """Give a rule for each flow from these pods; those among its own pods the chart writes itself."""
    rules: list[Values] = []
    for flow in flows(settings):
        if flow.source == role and flow.granted == granted and (flow.peer or role == "tunnel"):
            rule = {"to": _to(flow, settings), "ports": _ports(flow.ports)}
            if rule not in rules:
                rules.append(rule)
    return rules


def _to(flow: Flow, settings: Settings) -> list[Values]:
    if flow.peer:
        return _peers(flow.peer, settings)
    return [{"podSelector": {"matchLabels": _of_release(flow.target, settings)}}]


def _of_release(component: str, settings: Settings) -> Values:
    return {"component": component, "release": settings.hub.release}


def _in(role: Role, settings: Settings) -> list[Values]:
    """Give one rule for all that reach a port of these pods, beside the chart's own pods."""
    peers: dict[str | int, list[Values]] = {}
    for flow in flows(settings):
        if flow.target != role or not (flow.peer or flow.source == "tunnel"):
            continue
        sources = (
            _peers(flow.peer, settings) if flow.peer else [{"podSelector": {"matchLabels": dict(CONNECTOR)}}]
        )
        for _, port in flow.ports:
            peers.setdefault(_NAMED.get((role, port), port), []).extend(sources)
    return [{"from": sources, "ports": [{"port": port}]} for port, sources in peers.items()]


def _ports(ports: Ports) -> list[Values]:
    return [{"port": port, "protocol": protocol} for protocol, port in ports]


def _peers(peer: Peer, settings: Settings) -> list[Values]:
    if isinstance(peer, Ranges):
        return [{"ipBlock": {"cidr": cidr}} for cidr in peer.cidrs]
    if isinstance(peer, Pods):
        selected: Values = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": peer.namespace}}
        }
        if peer.labels:
            selected["podSelector"] = {"matchLabels": dict(peer.labels)}
        return [selected]
    return _public(settings)


def _public(settings: Settings) -> list[Values]:
    """Give every public address but the cluster's. IPv6 only where the cluster's own ranges are known.

    Pods of a cluster with IPv6 often have public addresses: without its ranges it would be wide open.
    """
    network = settings.network
    own = [ip_network(cidr) for cidr in (*network.cluster_ranges, *network.api_server.cidrs)]
    versions = sorted({4, *(ip_network(cidr).version for cidr in network.cluster_ranges)})
    return [
        {"ipBlock": {"cidr": _EVERYWHERE[version], "except": _except(version, own)}} for version in versions
    ]


def _except(version: int, own: list[IPv4Network | IPv6Network]) -> list[str]:
    never = [ip_network(cidr) for cidr in _NOT_PUBLIC[version]]
    further = {
        network
        for network in own
        if network.version == version and not any(_within(network, it) for it in never)
    }
    return [str(network) for network in [*never, *sorted(further, key=str)]]


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    return inner.prefixlen >= outer.prefixlen and inner.network_address in outer
