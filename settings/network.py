"""Who may talk to whom, as data. Everything else is denied.

Policies know no host names: what lies outside the cluster is written as addresses.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.names import Cidr, DnsLabel, Peer
from settings.section import Section

Port = Annotated[int, Field(ge=1, le=65535)]


class Addresses(Section):
    """Ranges of addresses and the TCP ports to reach there."""

    cidrs: tuple[Cidr, ...] = Field(min_length=1)
    ports: tuple[Port, ...] = Field(min_length=1)


class Egress(Addresses):
    """A way out that has a reason."""

    name: DnsLabel


class Dns(Section):
    """Where pods ask for names."""

    kube_system: bool = False
    """Port 53 of the pods in kube-system."""
    cidrs: tuple[Cidr, ...] = ()
    """Port 53 of these addresses (a resolver on the node has no pod)."""


class Network(Section):
    """The allowed flows beyond those inside the release."""

    dns: Dns
    api_server: Addresses
    """The API server as the hub's packets find it behind its Service: the endpoints, not the Service."""
    ingress_from: tuple[Peer, ...] = ()
    """What may reach the proxy: namespaces by name, or addresses."""
    hub_egress: tuple[Egress, ...] = ()
    user_egress: tuple[Egress, ...] = ()
