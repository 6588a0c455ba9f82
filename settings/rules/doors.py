"""Rules about the way in: host and reach, tunnel, load balancer, ingress controller."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from settings.door import Door, Nginx, NoTls
from settings.finding import Finding
from settings.hub import Availability, FastRestart
from settings.names import amount, seconds
from settings.network import Network
from settings.rules.access import is_private
from settings.section import Section


def host_can_be_resolved(ingress: Door) -> Iterator[Finding]:
    """Refuse a name that those who shall reach the host cannot resolve, or resolve to themselves."""
    if ingress.reach == "public" and is_private(ingress.host):
        yield _host(ingress, "no public name server knows it", "Give a name of a public domain of yours.")
    if ingress.reach == "corporateNetwork" and ingress.host.endswith(".localhost"):
        yield _host(ingress, "each machine takes it for itself", "Give a name that the company's DNS knows.")


def _host(ingress: Door, why: str, remedy: str) -> Finding:
    return Finding(
        path="settings.ingress.host",
        rule="T1",
        what=f"{ingress.host} is for reach {ingress.reach}, and {why}.",
        follows="Nobody finds the hub, and sign-in cannot come back to it.",
        remedy=f"{remedy} Or correct ingress.reach.",
    )


def machine_is_not_in_dns(ingress: Door) -> Iterator[Finding]:
    """Point at a name of others for a hub of this machine."""
    if ingress.reach == "machine" and not is_private(ingress.host):
        yield Finding(
            path="settings.ingress.host",
            rule="T1",
            what=f"only this machine reaches the hub, and {ingress.host} is a name of the public DNS.",
            follows="Browsers go where the DNS points, which need not be here.",
            remedy="Give a name under .localhost, or correct ingress.reach.",
            severity="warning",
        )


def address_fits_the_reach(ingress: Door) -> Iterator[Finding]:
    """Refuse an address that those who shall reach it cannot, or that more reach than shall."""
    if ingress.load_balancer_address is None:
        return
    address = ip_address(ingress.load_balancer_address)
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        yield _address(ingress, "it is no address of a load balancer", "Nobody reaches the hub.")
    elif ingress.reach == "public" and not address.is_global:
        yield _address(ingress, "it cannot be reached from outside", "Nobody outside reaches the hub.")
    elif ingress.reach == "corporateNetwork" and address.is_global:
        yield _address(ingress, "it lies in the internet", "Strangers reach what is for the company alone.")


def _address(ingress: Door, why: str, follows: str) -> Finding:
    return Finding(
        path="settings.ingress.loadBalancerAddress",
        rule="T2",
        what=f"{ingress.load_balancer_address} is for reach {ingress.reach}, and {why}.",
        follows=follows,
        remedy="Correct the address, or ingress.reach.",
    )


def public_means_port_443(ingress: Door) -> Iterator[Finding]:
    """Refuse another port behind a tunnel, which has none; point at one that firewalls stop."""
    if ingress.port == 443 or ingress.reach != "public":
        return
    yield Finding(
        path="settings.ingress.port",
        rule="T3",
        what=f"a public host is at port {ingress.port}.",
        follows="Cloudflare's edge does not listen there."
        if ingress.tunnel
        else "Many networks let nothing but 443 out, so people there see no answer.",
        remedy="Leave the port at 443.",
        severity="error" if ingress.tunnel else "warning",
    )


def tunnel_is_public(ingress: Door) -> Iterator[Finding]:
    """Refuse a tunnel to a host that is not public: Cloudflare serves it to everyone."""
    if ingress.tunnel and ingress.reach != "public":
        yield Finding(
            path="settings.ingress.reach",
            rule="D33",
            what=f"a tunnel leads to the host, and its reach is {ingress.reach}.",
            follows="Cloudflare serves the host to the whole internet; sign-in is judged as if it did not.",
            remedy="Say reach: public, or remove the tunnel.",
        )


def tunnel_has_no_address(ingress: Door) -> Iterator[Finding]:
    """Refuse an address of our own beside a tunnel."""
    if ingress.tunnel and ingress.load_balancer_address:
        yield Finding(
            path="settings.ingress.loadBalancerAddress",
            rule="D33",
            what="a tunnel leads to the host, and a load balancer's address is given.",
            follows="The name would point past Cloudflare, at something that does not answer.",
            remedy="Remove the address: with a tunnel the name points at Cloudflare.",
        )


def tunnel_is_the_only_way(ingress: Door, network: Network) -> Iterator[Finding]:
    """Refuse a second way to the proxy, past Cloudflare."""
    if ingress.tunnel and network.ingress_from:
        yield Finding(
            path="settings.network.ingressFrom",
            rule="D33",
            what=f"beside the tunnel {', '.join(network.ingress_from)} may reach the proxy too.",
            follows="What Cloudflare holds back comes in by the other way, without encryption.",
            remedy="Leave ingressFrom empty: the tunnel's connector is let in by itself.",
        )


def tunnel_survives_a_node(ingress: Door, availability: Availability) -> Iterator[Finding]:
    """Point at a single connector where a lost node must not be noticed."""
    if ingress.tunnel and ingress.tunnel.replicas == 1 and isinstance(availability, FastRestart):
        yield Finding(
            path="settings.ingress.tunnel.replicas",
            rule="D33",
            what="the tunnel has one connector.",
            follows="With its node all connections are gone until it runs elsewhere.",
            remedy="Give it two replicas.",
            severity="warning",
        )


def edge_is_cloudflare(ingress: Door, tls: Section) -> Iterator[Finding]:
    """Want TLS to end at the edge with a tunnel, and nowhere else at the edge without one."""
    at_edge = isinstance(tls, NoTls) and tls.termination == "edge"
    if ingress.tunnel and not at_edge:
        yield Finding(
            path="settings.tls",
            rule="D40",
            what="a tunnel leads to the host, and TLS does not end at Cloudflare's edge.",
            follows="The connector speaks plain HTTP to the proxy; the certificate here would lie unused.",
            remedy="Say tls: {source: none, termination: edge}, or remove the tunnel.",
        )
    if at_edge and not ingress.tunnel:
        yield Finding(
            path="settings.tls.termination",
            rule="D33",
            what="TLS ends at Cloudflare's edge, and no tunnel leads from there to here.",
            follows="From the edge to the cluster passwords and cookies travel in plain text.",
            remedy="Add ingress.tunnel, or end TLS at the ingress with a certificate.",
        )


def ingress_controller_is_kept_up(ingress: Nginx, network: Network) -> Iterator[Finding]:
    """Point at traces of the community's ingress-nginx, which has ended."""
    if "ingress-nginx" in (ingress.class_name, *network.ingress_from):
        yield Finding(
            path="settings.ingress.className"
            if ingress.class_name == "ingress-nginx"
            else "settings.network.ingressFrom",
            rule="D25",
            what="this is the usual name of the community's ingress-nginx, which ended in March 2026.",
            follows="It gets no security fixes, and ignores the annotations that F5's controller reads: "
            "quiet kernels lose their connection after a minute.",
            remedy="Use F5's NGINX Ingress Controller, Traefik or a Gateway; if it is F5's, all is well.",
            severity="warning",
        )


def quiet_kernels_keep_their_connection(ingress: Door) -> Iterator[Finding]:
    """Point at a timeout that cuts off work, and at uploads that are too small for notebooks."""
    if seconds(ingress.idle_timeout) < 60:
        yield Finding(
            path="settings.ingress.idleTimeout",
            rule="T4",
            what=f"a quiet connection is closed after {ingress.idle_timeout}.",
            follows="A kernel that computes sends nothing meanwhile: people lose the connection to it.",
            remedy="Give an hour, or at least a minute.",
            severity="warning",
        )
    if amount(ingress.max_body) < amount("10Mi"):
        yield Finding(
            path="settings.ingress.maxBody",
            rule="T4",
            what=f"nothing larger than {ingress.max_body} passes.",
            follows="A notebook with a few pictures cannot be saved.",
            remedy="Give the unit (1Gi), or at least 10Mi.",
            severity="warning",
        )


RULES = (
    host_can_be_resolved,
    machine_is_not_in_dns,
    address_fits_the_reach,
    public_means_port_443,
    tunnel_is_public,
    tunnel_has_no_address,
    tunnel_is_the_only_way,
    tunnel_survives_a_node,
    edge_is_cloudflare,
    ingress_controller_is_kept_up,
    quiet_kernels_keep_their_connection,
)
