"""Platform services that notebooks use: one entry gives environment, way out, documentation, portal card."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from settings.names import DnsLabel, Url
from settings.network import Reach
from settings.section import Section

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
    name: DnsLabel | None = None
    """Tells two of one kind apart; the kind itself when not given."""
    url: Url
    reach: Reach
    used_by: Literal["users", "hub", "both"] = "users"
    credentials: DnsLabel | None = None
    """Secret in the namespace whose keys user pods get as environment variables; none for own sign-in."""
    description: str = Field(default="", max_length=200)


class PortalCard(Section):
    """How the hub shows itself in the platform's own portal."""

    title: str = Field(min_length=1, max_length=60)
    description: str = Field(default="", max_length=200)
    category: str = Field(default="data-science", max_length=40)


class Services(Section):
    """The catalogue, and the card in the portal."""

    catalogue: tuple[Service, ...] = ()
    portal_card: PortalCard | None = None
