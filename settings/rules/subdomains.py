"""Rules about a host of their own for each user's servers: what must be there before browsers reach one."""

from __future__ import annotations

from collections.abc import Iterator

from settings.door import CertManagerTls, Door, Gateway, NoIngress, NoTls
from settings.finding import Finding

_FIELD = "settings.ingress.userSubdomains"
# What a name of DNS may have, less the longest label and its dot.
_LONGEST = 253 - 64


def a_label_fits_before_the_host(ingress: Door) -> Iterator[Finding]:
    """Refuse a host that leaves no room for a user's name."""
    if ingress.user_subdomains and len(ingress.host) > _LONGEST:
        yield Finding(
            path="settings.ingress.host",
            rule="U1",
            what=f"it has {len(ingress.host)} characters, and before it comes a label for each user.",
            follows="Names of DNS end at 253: the servers of users with long names could not be found.",
            remedy=f"Give a host of at most {_LONGEST} characters, or leave out ingress.userSubdomains.",
        )


def the_edge_has_the_wildcard(ingress: Door) -> Iterator[Finding]:
    """Point at what Cloudflare does not do by itself for names below the host."""
    if ingress.user_subdomains and ingress.tunnel:
        yield Finding(
            path=_FIELD,
            rule="U2",
            what=f"a tunnel leads to the hub, and its users' servers are at *.{ingress.host}.",
            follows="Cloudflare's Universal certificate covers one level below the zone and no more: unless "
            f"{ingress.host} is the zone itself, no browser opens a server. And Cloudflare makes no DNS "
            "record of a wildcard by itself.",
            remedy=f"Order an advanced certificate for {ingress.host} and *.{ingress.host}, and add the "
            "public hostname and the CNAME record of the wildcard: docs/tunnel.md.",
            severity="warning",
        )


def the_issuer_gives_wildcards(ingress: Door, tls: CertManagerTls) -> Iterator[Finding]:
    """Point at issuers that cannot prove a wildcard."""
    if ingress.user_subdomains:
        yield Finding(
            path="settings.tls.issuer",
            rule="U3",
            what=f"{tls.issuer} is asked for *.{ingress.host}, a wildcard.",
            follows="An ACME issuer gives one by DNS-01 alone: with HTTP-01 the certificate never comes, and "
            "the deployment fails after tls.wait.",
            remedy="Name an issuer with a solver of the kind dns01 for this zone, or a company's own "
            "authority; if it is one, all is well.",
            severity="warning",
        )


def others_lead_the_wildcard_here(ingress: Gateway | NoIngress) -> Iterator[Finding]:
    """Point at a way in that others keep, and of which the program sees nothing."""
    if ingress.user_subdomains and not ingress.tunnel:
        who = f"the Gateway {ingress.gateway}" if isinstance(ingress, Gateway) else "something else"
        yield Finding(
            path=_FIELD,
            rule="U4",
            what=f"{who} leads to the proxy, and users' servers are at *.{ingress.host}.",
            follows="Names that it does not take are answered by 404 or by nobody: people sign in, and reach "
            "no server.",
            remedy=f"Have its owner take *.{ingress.host} as {ingress.host}: names of the listener, and its "
            "certificate; if it does, all is well.",
            severity="warning",
        )


def the_load_balancer_serves_the_wildcard(ingress: Door, tls: NoTls) -> Iterator[Finding]:
    """Point at a certificate that others hold."""
    if ingress.user_subdomains and tls.termination == "loadBalancer":
        yield Finding(
            path=_FIELD,
            rule="U5",
            what=f"TLS ends at a load balancer, and users' servers are at *.{ingress.host}.",
            follows="With a certificate of the host alone every browser warns of every server.",
            remedy=f"Have its owner serve a certificate for {ingress.host} and *.{ingress.host}; if it "
            "does, all is well.",
            severity="warning",
        )


RULES = (
    a_label_fits_before_the_host,
    the_edge_has_the_wildcard,
    the_issuer_gives_wildcards,
    others_lead_the_wildcard_here,
    the_load_balancer_serves_the_wildcard,
)
