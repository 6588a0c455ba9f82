"""Platform services that notebooks use: one entry gives environment, way out, documentation, portal card."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from settings.names import DnsLabel, Url
from settings.network import Reach
from settings.section import Section

CATALOGUE = "platform-services"
"""ConfigMap of the catalogue's files, which user pods mount."""
CARD = "portal-card"
"""ConfigMap of the portal's card."""

Kind = Literal[
    "gitlab",
    "artifactory",
    "cephS3",
    "iamApi",
    "trino",
    "minio",
    "mlflow",
    "postgresql",
    "datahub",
    "ray",
    "kafka",
]


class Service(Section):
    """One service: what it is, its address as clients type it, and how packets find it."""

    kind: Kind
    """What it is: names the environment variables that notebooks get."""
    name: DnsLabel | None = None
    """Tells two of one kind apart; the kind itself when not given."""
    url: Url
    """Its address as clients type it."""
    reach: Reach
    used_by: Literal["users", "hub", "both"] = "users"
    """Who gets environment and way: user pods, the hub, or both."""
    credentials: DnsLabel | None = None
    """Secret in the namespace whose keys user pods get as environment variables; none for own sign-in."""
    description: str = Field(default="", max_length=200)
    """A line for users."""
    docs: Url | None = None
    """Where users read more about it."""


class PortalCard(Section):
    """How the hub shows itself in the platform's own portal."""

    title: str = Field(min_length=1, max_length=60)
    """What the card says."""
    description: str = Field(default="", max_length=200)
    """The line below."""
    category: str = Field(default="data-science", max_length=40)
    """The portal's group of cards."""
    icon: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$")
    """Name of an icon that the portal has."""


class Services(Section):
    """The catalogue, and the card in the portal."""

    catalogue: tuple[Service, ...] = ()
    """The services, one entry each."""
    portal_card: PortalCard | None = None


def name_of(service: Service) -> str:
    """Give the name that tells a service from the others."""
    return service.name or service.kind


def environment_map(service: Service) -> str:
    """Name the ConfigMap of a service's variables, which the pods of those who may use it get."""
    return f"platform-service-{name_of(service).lower()}"


def for_users(services: Services) -> tuple[Service, ...]:
    """Give the services that notebooks use."""
    return tuple(service for service in services.catalogue if service.used_by != "hub")
