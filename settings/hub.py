"""The hub itself: release, resources, limits, culling, metrics, what a lost node costs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.cluster import Amounts
from settings.names import DnsLabel, Duration
from settings.section import Section


class Resources(Section):
    """Requests and limits of a container."""

    requests: Amounts = Amounts()
    limits: Amounts = Amounts()


class HubLimits(Section):
    """How much the hub does at once."""

    concurrent_spawns: int = Field(default=64, ge=1)
    active_servers: int | None = Field(default=None, ge=1)
    consecutive_failures: int = Field(default=20, ge=0)
    """So many failed starts in a row restart the hub (0: never): at the chart's 5, one bad image does it."""


class Hub(Section):
    """The release and its two pods."""

    release: DnsLabel = "jupyterhub"
    resources: Resources = Resources()
    proxy_resources: Resources = Resources()
    limits: HubLimits = HubLimits()
    await_ready: bool = True
    """False where no pod can run: the objects are made and nothing waits for them."""


class Culling(Section):
    """When an idle server is stopped; users and homes are never removed."""

    enabled: bool = True
    idle: Duration = "1h"
    every: Duration = "10m"
    max_age: Duration | None = None
    """Stop a server of this age even when it is busy."""


class Monitoring(Section):
    """What can be measured, and by whom."""

    metrics: bool = True
    """Make a service token of scope read:metrics; the hub's metrics are never open to everyone."""
    namespaces: tuple[DnsLabel, ...] = ()
    """Pods of these namespaces may reach the hub's metrics."""


class NoAvailability(Section):
    """A lost node costs what Kubernetes' own defaults cost: five minutes and more."""

    kind: Literal["none"]


class FastRestart(Section):
    """Hub and proxy leave a lost node soon. One of each: two hubs on one database harm each other."""

    kind: Literal["fastRestart"]
    node_loss: Duration = "30s"


Availability = Annotated[NoAvailability | FastRestart, Field(discriminator="kind")]


class Generations(Section):
    """Counts of generated secrets: a higher number makes a new one."""

    proxy_token: int = Field(default=1, ge=1)
    cookie_secret: int = Field(default=1, ge=1)
    crypt_keys: tuple[int, ...] = Field(default=(1,), min_length=1)
    """Newest first: the first key encrypts, all of them decrypt."""
    service_tokens: int = Field(default=1, ge=1)
    passwords: int = Field(default=1, ge=1)


class Secrets(Section):
    """Where the secrets that people know come from; those that only machines know are always generated."""

    source: Literal["generated", "config"]
    generations: Generations = Generations()
