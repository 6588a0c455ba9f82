"""How people reach the hub: the ingress and its TLS."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import DnsLabel, Hostname
from settings.section import Section


class Door(Section):
    """What every way in has: the host that people type."""

    host: Hostname
    port: int = Field(default=443, ge=1, le=65535)
    """Port in the URL, as people type it."""


class Traefik(Door):
    """An Ingress for Traefik."""

    controller: Literal["traefik"]
    class_name: DnsLabel = "traefik"
    entry_point: DnsLabel = "websecure"
    """Traefik's TLS entry point; the plain one must not carry a sign-in page."""


class NoIngress(Door):
    """No Ingress object: something else leads the host to the Service `proxy-public`."""

    controller: Literal["none"]


Ingress = Annotated[Traefik | NoIngress, Field(discriminator="controller")]


class PemTls(Section):
    """Certificate and key from the flat secrets `tlsCert` and `tlsKey`, as PEM."""

    source: Literal["pem"]
    secret_name: DnsLabel = "jupyterhub-tls"  # noqa: S105 -- the name of an object, no secret
    termination: Literal["ingress"] = "ingress"


class ExistingTls(Section):
    """A TLS Secret that somebody else keeps in the namespace."""

    source: Literal["existingSecret"]
    secret_name: DnsLabel
    termination: Literal["ingress"] = "ingress"


class NoTls(Section):
    """Plain HTTP."""

    source: Literal["none"]


Tls = Annotated[PemTls | ExistingTls | NoTls, Field(discriminator="source")]


def url(ingress: Door, tls: Section) -> str:
    """Give the address that people type."""
    scheme = "http" if isinstance(tls, NoTls) else "https"
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{ingress.host}" + ("" if ingress.port == usual else f":{ingress.port}")
