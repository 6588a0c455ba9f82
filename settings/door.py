"""How people reach the hub: the ingress, the tunnel, and TLS."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.cluster import Amounts
from settings.hub import Resources
from settings.names import DnsLabel, Duration, Hostname, IpAddress, Quantity
from settings.network import Reach
from settings.section import Section


class Tunnel(Section):
    """A Cloudflare Tunnel whose connector runs in the namespace and talks to the proxy itself.

    Not through the ingress controller, which drops X-Forwarded-Proto from addresses that it does not trust.
    """

    name: DnsLabel
    """The tunnel's name at Cloudflare; its token is the flat key `tunnelToken`."""
    replicas: int = Field(default=2, ge=1, le=8)
    """Connectors, each with connections of its own to Cloudflare."""
    reach: Reach
    """How the connector's packets find Cloudflare (ports 443 and 7844)."""
    token_secret: DnsLabel = "cloudflared-token"  # noqa: S105 -- the name of an object, no secret
    """Secret with the key `token`, where it does not come from Pulumi's config."""
    resources: Resources = Resources(
        requests=Amounts(cpu="50m", memory="128Mi"), limits=Amounts(cpu="1", memory="512Mi")
    )
    """What each connector asks for, and may take."""


class Door(Section):
    """What every way in has: the host that people type."""

    host: Hostname
    """The host that people type; sign-in's callback and the certificate are for it."""
    user_subdomains: bool = False
    """Each user's servers at a host of their own, below the hub's. See [isolation](isolation.md)."""
    port: int = Field(default=443, ge=1, le=65535)
    """Port in the URL, as people type it."""
    reach: Literal["machine", "corporateNetwork", "public"]
    """Who can open a connection to the host."""
    load_balancer_address: IpAddress | None = None
    """The address that the host's name must resolve to, where it is known."""
    tunnel: Tunnel | None = None
    """With a tunnel no Ingress is made: only the tunnel's connector reaches the proxy."""
    max_body: Quantity = "1Gi"
    """The largest upload."""
    idle_timeout: Duration = "1h"
    """How long a quiet websocket stays open; kernels send nothing while they compute."""


class Traefik(Door):
    """An Ingress for Traefik."""

    controller: Literal["traefik"]
    class_name: DnsLabel = "traefik"
    """IngressClass of the Ingress."""
    entry_point: DnsLabel = "websecure"
    """Traefik's TLS entry point; the plain one must not carry a sign-in page."""


class Nginx(Door):
    """An Ingress for F5's NGINX Ingress Controller (annotations nginx.org/*)."""

    controller: Literal["nginx"]
    class_name: DnsLabel = "nginx"
    """IngressClass of the Ingress."""


class Gateway(Door):
    """An HTTPRoute of the Gateway API."""

    controller: Literal["gateway"]
    gateway: DnsLabel
    """Name of the Gateway that the route joins."""
    gateway_namespace: DnsLabel
    """Namespace of the Gateway."""
    section_name: DnsLabel | None = None
    """The listener; all of the gateway's when not given."""


class NoIngress(Door):
    """No Ingress object: something else leads the host to the Service `proxy-public`."""

    controller: Literal["none"]


Ingress = Annotated[Traefik | Nginx | Gateway | NoIngress, Field(discriminator="controller")]


class PemTls(Section):
    """Certificate and key from the flat secrets `tlsCert` and `tlsKey`, as PEM."""

    source: Literal["pem"]
    secret_name: DnsLabel = "jupyterhub-tls"  # noqa: S105 -- the name of an object, no secret
    """Name of the Secret that is made."""
    termination: Literal["ingress", "endToEnd"] = "ingress"
    """Where TLS ends: at the ingress, or at the proxy itself."""


class PfxTls(Section):
    """Certificate, chain and key from the flat secret `tlsPfx` (PKCS#12 in base64) and `tlsPfxPassword`."""

    source: Literal["pfx"]
    secret_name: DnsLabel = "jupyterhub-tls"  # noqa: S105 -- the name of an object, no secret
    """Name of the Secret that is made."""
    termination: Literal["ingress", "endToEnd"] = "ingress"
    """Where TLS ends: at the ingress, or at the proxy itself."""


class ExistingTls(Section):
    """A TLS Secret that somebody else keeps in the namespace."""

    source: Literal["existingSecret"]
    secret_name: DnsLabel
    """Name of the Secret, of the type kubernetes.io/tls."""
    termination: Literal["ingress", "endToEnd"] = "ingress"
    """Where TLS ends: at the ingress, or at the proxy itself."""


class CertManagerTls(Section):
    """A Certificate that cert-manager keeps."""

    source: Literal["certManager"]
    secret_name: DnsLabel = "jupyterhub-tls"  # noqa: S105 -- the name of an object, no secret
    """Name of the Secret that cert-manager makes."""
    issuer: DnsLabel
    """Name of the issuer."""
    issuer_kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"
    """Whether the issuer is the cluster's or the namespace's."""
    wait: Duration = "5m"
    """How long a deployment waits for the certificate before it fails and says so."""
    termination: Literal["ingress", "endToEnd"] = "ingress"
    """Where TLS ends: at the ingress, or at the proxy itself."""


class NoTls(Section):
    """No certificate in the cluster: TLS ends before it (edge, load balancer), or there is none."""

    source: Literal["none"]
    termination: Literal["edge", "loadBalancer", "nowhere"]
    """`edge`: at Cloudflare. `loadBalancer`: before the ingress controller. `nowhere`: plain HTTP."""


Tls = Annotated[PemTls | PfxTls | ExistingTls | CertManagerTls | NoTls, Field(discriminator="source")]
BroughtTls = PemTls | PfxTls
"""Sources whose certificate comes with the stack."""


def encrypted(tls: Section) -> bool:
    """Whether people's connections are encrypted, wherever that ends."""
    return not (isinstance(tls, NoTls) and tls.termination == "nowhere")


def url(ingress: Door, tls: Section) -> str:
    """Give the address that people type."""
    scheme = "https" if encrypted(tls) else "http"
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{ingress.host}" + ("" if ingress.port == usual else f":{ingress.port}")


def hosts(ingress: Door) -> tuple[str, ...]:
    """Give every name that must lead to the proxy: that of the hub, and what stands for those of servers."""
    return (ingress.host, f"*.{ingress.host}") if ingress.user_subdomains else (ingress.host,)


def callback_url(ingress: Door, tls: Section) -> str:
    """Give the address to register at the identity provider."""
    return f"{url(ingress, tls)}/hub/oauth_callback"
