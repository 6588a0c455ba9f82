"""Rules about TLS: where it ends, who has the certificate, whose authorities are trusted."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import Cluster, Namespace
from settings.door import Door, Gateway, NoIngress, NoTls, PfxTls, Traefik, encrypted
from settings.finding import Finding
from settings.section import Section


def passwords_travel_encrypted(ingress: Door, tls: Section) -> Iterator[Finding]:
    """Refuse plain HTTP beyond the machine itself."""
    if not encrypted(tls) and not ingress.host.endswith(".localhost"):
        yield Finding(
            path="settings.tls.termination",
            rule="D40",
            what=f"TLS ends nowhere for {ingress.host}.",
            follows="Passwords and cookies cross the network in plain text.",
            remedy="Say where it ends; nowhere is for hosts under .localhost.",
        )


def tls_ends_somewhere(ingress: Door, tls: Section) -> Iterator[Finding]:
    """Refuse a certificate that no ingress uses."""
    if isinstance(ingress, NoIngress) and getattr(tls, "termination", None) == "ingress":
        yield Finding(
            path="settings.tls.termination",
            rule="D40",
            what="TLS ends at the ingress, and there is no ingress.",
            follows="The certificate would lie unused, and the URL would promise what is not there.",
            remedy="Name an ingress controller, end TLS elsewhere, or set tls.source to none.",
        )


def load_balancer_is_there(ingress: Door, tls: NoTls) -> Iterator[Finding]:
    """Refuse TLS at a load balancer where there is none."""
    if tls.termination == "loadBalancer" and ingress.reach == "machine":
        yield Finding(
            path="settings.tls.termination",
            rule="D40",
            what="TLS ends at a load balancer, and only this machine reaches the hub.",
            follows="No load balancer stands before one machine: the URL says https and nothing answers.",
            remedy="Bring a certificate (source: pem) and end TLS at the ingress.",
        )


def end_to_end_is_possible(ingress: Gateway | Traefik, tls: Section) -> Iterator[Finding]:
    """Refuse encryption up to the proxy behind a controller that speaks plain HTTP to it, as set up here.

    A route of a Gateway would need a BackendTLSPolicy, Traefik a ServersTransport that knows the certificate.
    """
    if getattr(tls, "termination", None) == "endToEnd":
        yield Finding(
            path="settings.tls.termination",
            rule="D40",
            what=f"behind controller {ingress.controller} TLS cannot go on to the proxy.",
            follows="The controller speaks plain HTTP to a port that expects TLS: 502 for everyone.",
            remedy="End TLS at the ingress, use controller nginx, or none with a load balancer that passes "
            "packets on.",
        )


def gateway_has_the_certificate(ingress: Gateway, tls: Section, namespace: Namespace) -> Iterator[Finding]:
    """Point at a certificate in a namespace in which the Gateway does not look."""
    if not isinstance(tls, NoTls) and ingress.gateway_namespace != namespace.name:
        yield Finding(
            path="settings.tls.source",
            rule="T5",
            what=f"the certificate comes into {namespace.name}; the Gateway looks in "
            f"{ingress.gateway_namespace}.",
            follows="The Gateway serves the certificate of its own listener, whatever this one is.",
            remedy="Give the certificate to the Gateway's team, or have them refer to this Secret.",
            severity="warning",
        )


def corporate_authorities_are_trusted(tls: PfxTls, cluster: Cluster) -> Iterator[Finding]:
    """Point at a company's certificate without the company's authorities."""
    if cluster.ca_bundle is None:
        yield Finding(
            path="settings.cluster.caBundle",
            rule="D41",
            what="the certificate is the company's own, and hub and notebooks do not trust its authority.",
            follows="Calls to the company's other services fail: sign-in, packages, git, object storage.",
            remedy="Name the ConfigMap with the company's authorities: caBundle: {configMap: ...}.",
            severity="warning",
        )


RULES = (
    passwords_travel_encrypted,
    tls_ends_somewhere,
    load_balancer_is_there,
    end_to_end_is_possible,
    gateway_has_the_certificate,
    corporate_authorities_are_trusted,
)
