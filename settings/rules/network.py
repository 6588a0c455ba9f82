"""Rules about who may talk to whom."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from settings.door import Door, NoIngress
from settings.finding import Finding
from settings.network import Network


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


def egress_is_narrow(network: Network) -> Iterator[Finding]:
    """Refuse a range that means everywhere."""
    flows = {"apiServer": network.api_server.cidrs}
    flows |= {f"hubEgress[{at}].reach": way.reach.cidrs for at, way in enumerate(network.hub_egress)}
    flows |= {f"userEgress[{at}].reach": way.reach.cidrs for at, way in enumerate(network.user_egress)}
    for where, cidrs in flows.items():
        if wide := [cidr for cidr in cidrs if ip_network(cidr).prefixlen == 0]:
            yield Finding(
                path=f"settings.network.{where}.cidrs",
                rule="D21",
                what=f"{wide[0]} is every address there is, the cluster's own among them.",
                follows="User code reaches the API server, the databases and the cloud's metadata.",
                remedy="Write the ranges that are needed.",
            )


RULES = (pods_find_names, proxy_can_be_reached, egress_is_narrow)
