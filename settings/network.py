"""Who may talk to whom, as data. Everything else is denied.

Policies know no host names: what lies outside the cluster is written as addresses.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.names import Cidr, DnsLabel, Peer, Url
from settings.section import Section

Port = Annotated[int, Field(ge=1, le=65535)]


class Addresses(Section):
    """Ranges of addresses and the TCP ports to reach there."""

    cidrs: tuple[Cidr, ...] = Field(min_length=1)
    """Ranges of addresses, such as 10.0.0.0/24."""
    ports: tuple[Port, ...] = Field(min_length=1)
    """TCP ports."""


class Reach(Section):
    """How packets find something: by addresses, by namespace, through the egress proxy, or publicly.

    Exactly one of `cidrs`, `namespace`, `egressProxy`, `public443`.
    """

    cidrs: tuple[Cidr, ...] = ()
    """Ranges of addresses outside the cluster."""
    namespace: DnsLabel | None = None
    """Pods of this namespace."""
    pods: dict[str, str] = Field(default_factory=dict)
    """Only the pods of the namespace that carry these labels."""
    egress_proxy: bool = False
    """Through `network.egressProxy`."""
    public443: str | None = Field(default=None, min_length=10, max_length=200)
    """Any public address at port 443, for the reason given here: an exception that checks report."""
    ports: tuple[Port, ...] = (443,)
    """Ports as the packets carry them: behind a Service, the pod's own."""


class Egress(Section):
    """A way out that has a reason."""

    name: DnsLabel
    """What it is for: reports and the firewall request name it so."""
    reach: Reach


class EgressProxy(Section):
    """The HTTP proxy through which what has no way of its own goes out."""

    url: Url
    """The proxy's address as clients type it: HTTP_PROXY and HTTPS_PROXY in hub and notebooks."""
    reach: Reach
    no_proxy: tuple[str, ...] = ()
    """Hosts and domains that are asked without the proxy; those of the cluster always are."""


class Dns(Section):
    """Where pods ask for names."""

    kube_system: bool = False
    """Port 53 of the pods in kube-system."""
    cidrs: tuple[Cidr, ...] = ()
    """Port 53 of these addresses (a resolver on the node has no pod)."""


class Network(Section):
    """The allowed flows beyond those inside the release, and beyond what sections name as theirs."""

    cluster_ranges: tuple[Cidr, ...] = ()
    """Addresses of the cluster's pods, Services and nodes: never public, and never asked for by proxy."""
    dns: Dns
    api_server: Addresses
    """The API server as the hub's packets find it behind its Service: the endpoints, not the Service."""
    ingress_from: tuple[Peer, ...] = ()
    """What may reach the proxy: namespaces by name, or addresses."""
    egress_proxy: EgressProxy | None = None
    hub_egress: tuple[Egress, ...] = ()
    """Further ways out of the hub alone."""
    user_egress: tuple[Egress, ...] = ()
    """Further ways out of user pods alone."""
