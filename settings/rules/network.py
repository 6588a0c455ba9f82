"""Rules about resolvers, the proxy's door, and the network as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from settings.auth import Auth
from settings.cluster import Namespace
from settings.door import Door, NoIngress
from settings.finding import Finding
from settings.monitoring import Monitoring
from settings.network import Network
from settings.reaches import reaches
from settings.services import Services
from settings.storage import Database, Storage
from settings.ways import of_hub, of_users

# What listens on the nodes that run the API server: whoever reaches it needs no API server any more.
_CONTROL_PLANE = {2379: "etcd", 2380: "etcd", 10250: "the kubelet"}
_METADATA = ("169.254.169.254/32", "fd00:ec2::254/128")


def pods_find_names(network: Network) -> Iterator[Finding]:
    """Want a way to some resolver."""
    if not network.dns.kube_system and not network.dns.cidrs:
        yield Finding(
            path="settings.network.dns",
            rule="N1",
            what="no resolver may be reached.",
            follows="Proxy and user pods cannot find the hub by name, and nothing works.",
            remedy="Set kubeSystem: true, or give the resolver's addresses in cidrs.",
        )


def proxy_can_be_reached(network: Network, ingress: Door) -> Iterator[Finding]:
    """Want to know where the ingress controller's packets come from."""
    if not network.ingress_from and not ingress.tunnel and not isinstance(ingress, NoIngress):
        yield Finding(
            path="settings.network.ingressFrom",
            rule="N2",
            what="nothing may reach the proxy.",
            follows="The ingress controller answers 502 or 504 to everyone.",
            remedy="Name the namespace of the ingress controller, or the addresses its packets come from.",
        )


def network_is_narrow(network: Network) -> Iterator[Finding]:
    """Refuse a range that means everywhere, where the network itself is described."""
    sources = tuple(source for source in network.ingress_from if "/" in source)
    for field, cidrs, follows in (
        ("dns.cidrs", network.dns.cidrs, "Port 53 of every machine is a way out for data."),
        ("apiServer.cidrs", network.api_server.cidrs, "The hub's way to the API server leads everywhere."),
        ("clusterRanges", network.cluster_ranges, "No public address is left, and no proxy is asked."),
        ("ingressFrom", sources, "Everyone on the network reaches the proxy, past TLS and the ingress."),
    ):
        if wide := [cidr for cidr in cidrs if ip_network(cidr).prefixlen == 0]:
            yield Finding(
                path=f"settings.network.{field}",
                rule="D21",
                what=f"{wide[0]} is every address there is.",
                follows=follows,
                remedy="Write the ranges that are meant.",
            )


def egress_proxy_is_there(
    network: Network, auth: Auth, database: Database, storage: Storage, services: Services
) -> Iterator[Finding]:
    """Refuse a way through an egress proxy that nobody named, or that cannot carry what goes there."""
    hub = [(way, ("https",), "the hub") for way in of_hub(auth, database, services, network)]
    users = [(way, ("http", "https"), "a notebook") for way in of_users(storage, services, network)]
    for way, carried, who in (*hub, *users):
        if not way.reach.egress_proxy:
            continue
        if network.egress_proxy is None:
            yield Finding(
                path=f"{way.setting}.egressProxy",
                rule="N5",
                what="this goes through the egress proxy, and network.egressProxy names none.",
                follows=f"Nothing is opened, and {way.target} cannot be reached.",
                remedy="Add network.egressProxy with url and reach, or write another way here.",
            )
        elif way.scheme not in carried:
            yield Finding(
                path=f"{way.setting}.egressProxy",
                rule="N5",
                what=f"{who} does not speak {way.scheme} through an HTTP proxy.",
                follows=f"{way.target} cannot be reached.",
                remedy=f"Use {' or '.join(carried)}, or write cidrs or a namespace.",
            )


def hubs_namespace_is_no_target(
    namespace: Namespace, network: Network, database: Database, storage: Storage, services: Services
) -> Iterator[Finding]:
    """Refuse the hub's own namespace as the place of something else."""
    sections = {"network": network, "database": database, "storage": storage, "services": services}
    for name, section in sections.items():
        for path, reach in reaches(section, f"settings.{name}"):
            if reach.namespace == namespace.name:
                yield _own(f"{path}.namespace", namespace, "It would open ways among the users' own servers.")


def nobody_comes_from_the_hubs_namespace(
    namespace: Namespace, network: Network, monitoring: Monitoring
) -> Iterator[Finding]:
    """Refuse the hub's own namespace as a source: user pods are in it."""
    for path, names in (
        ("settings.network.ingressFrom", network.ingress_from),
        ("settings.monitoring.namespaces", monitoring.namespaces),
    ):
        if namespace.name in names:
            yield _own(path, namespace, "User pods would be let in where only that other one is meant.")


def _own(path: str, namespace: Namespace, follows: str) -> Finding:
    return Finding(
        path=path,
        rule="N6",
        what=f"{namespace.name} is the hub's own namespace.",
        follows=follows,
        remedy="Name the namespace of the thing itself; between the hub's own pods all is open that must be.",
    )


def users_do_not_reach_the_control_plane(
    network: Network, storage: Storage, services: Services
) -> Iterator[Finding]:
    """Refuse user code a way to the API server, and to what runs beside it."""
    ports = {**_CONTROL_PLANE, **dict.fromkeys(network.api_server.ports, "the API server")}
    for path, cidrs, open_ports in _of_users(network, storage, services):
        found = [ports[port] for port in open_ports if port in ports]
        if found and (cidr := _first_overlap(cidrs, network.api_server.cidrs)):
            yield Finding(
                path=f"{path}.cidrs",
                rule="D22",
                what=f"{cidr} holds {found[0]}, and user pods may go there.",
                follows="Code of any user talks to the cluster itself.",
                remedy="Write narrower ranges, or other ports.",
            )


def users_do_not_reach_metadata(network: Network, storage: Storage, services: Services) -> Iterator[Finding]:
    """Refuse user code a way to the address where a cloud hands out a node's credentials."""
    for path, cidrs, _ in _of_users(network, storage, services):
        if cidr := _first_overlap(cidrs, _METADATA):
            yield Finding(
                path=f"{path}.cidrs",
                rule="D24",
                what=f"{cidr} holds the address of a cloud's metadata.",
                follows="Code of any user becomes the node, with all that the node may do.",
                remedy="Write the ranges that are needed, without link-local ones.",
            )


def _of_users(
    network: Network, storage: Storage, services: Services
) -> Iterator[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    """Give path, ranges and ports of what user pods reach; the egress proxy is one of them when used.

    A range that is everything is refused by itself, and left out here.
    """
    placed = [(way.setting, way.reach) for way in of_users(storage, services, network)]
    if network.egress_proxy and any(reach.egress_proxy for _, reach in placed):
        placed.append(("settings.network.egressProxy.reach", network.egress_proxy.reach))
    for path, reach in placed:
        yield path, tuple(cidr for cidr in reach.cidrs if not cidr.endswith("/0")), reach.ports


def _first_overlap(cidrs: tuple[str, ...], others: tuple[str, ...]) -> str | None:
    return next((cidr for cidr in cidrs for other in others if _overlap(cidr, other)), None)


def _overlap(one: str, other: str) -> bool:
    first, second = ip_network(one), ip_network(other)
    return first.version == second.version and first.overlaps(second)


RULES = (
    pods_find_names,
    proxy_can_be_reached,
    network_is_narrow,
    egress_proxy_is_there,
    hubs_namespace_is_no_target,
    nobody_comes_from_the_hubs_namespace,
    users_do_not_reach_the_control_plane,
    users_do_not_reach_metadata,
)
