"""The hub itself: release, version, resources, limits, culling, what a lost node costs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.cluster import Amounts
from settings.names import DnsLabel, Duration, Version
from settings.section import Section


class Resources(Section):
    """Requests and limits of a container."""

    requests: Amounts = Amounts()
    limits: Amounts = Amounts()


class HubLimits(Section):
    """How much the hub does at once."""

    concurrent_spawns: int = Field(default=64, ge=1)
    """Servers that may be starting at the same time; more are asked to come back."""
    active_servers: int | None = Field(default=None, ge=1)
    """Servers that may run at the same time; no limit when not given."""
    consecutive_failures: int = Field(default=20, ge=0)
    """So many failed starts in a row restart the hub (0: never): at the chart's 5, one bad image does it."""


class Hub(Section):
    """The release and its two pods."""

    release: DnsLabel = "jupyterhub"
    """Name of the Helm release."""
    version: Version = "5.5.4"
    """JupyterHub in the hub's image: its settings are checked against that version's."""
    resources: Resources = Resources()
    proxy_resources: Resources = Resources()
    limits: HubLimits = HubLimits()
    await_ready: bool = True
    """False where no pod can run: the objects are made and nothing waits for them."""


class Culling(Section):
    """When an idle server is stopped; users and homes are never removed."""

    enabled: bool = True
    """Whether idle servers are stopped at all."""
    idle: Duration = "1h"
    """Stop a server that nobody has used for so long."""
    every: Duration = "10m"
    """How often it is looked for them."""
    idle_gpu: Duration | None = None
    """The same for servers with a GPU, which others wait for; as `idle` when not given."""
    kernels: Duration | None = None
    """End a kernel that is idle for so long and that no page is connected to; its variables are lost. Kernels
    end with their server alone when not given."""
    max_age: Duration | None = None
    """Stop a server of this age even when it is busy."""


class NoAvailability(Section):
    """A lost node costs what Kubernetes' own defaults cost: five minutes and more."""

    kind: Literal["none"]


class FastRestart(Section):
    """Hub and proxy leave a lost node soon. One of each: two hubs on one database harm each other."""

    kind: Literal["fastRestart"]
    node_loss: Duration = "30s"
    """How long after the loss of a node hub and proxy are started elsewhere."""


Availability = Annotated[NoAvailability | FastRestart, Field(discriminator="kind")]
