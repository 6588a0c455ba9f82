"""Where pods land: which nodes, how far apart, who goes first."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from settings.names import DnsLabel
from settings.section import Section


class Toleration(Section):
    """A taint that user pods accept."""

    key: str = Field(min_length=1, max_length=253)
    """Key of the taint."""
    value: str | None = None
    """Any value when not given."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """Effect of the taint."""


class PriorityClasses(Section):
    """Existing PriorityClasses: they belong to the cluster, so none is made here."""

    core: DnsLabel | None = None
    """For hub and proxy: they push out user pods when a node is full."""
    users: DnsLabel | None = None
    """For user pods."""


class Placement(Section):
    """For the whole release; profiles add their own node selector and GPU."""

    core_nodes: dict[str, str] = Field(default_factory=dict)
    """Labels of the nodes for hub and proxy; any node when empty."""
    user_nodes: dict[str, str] = Field(default_factory=dict)
    """Labels of the nodes for user pods; any node when empty."""
    user_tolerations: tuple[Toleration, ...] = ()
    """Taints that user pods accept, beyond the chart's own `hub.jupyter.org/dedicated=user`."""
    hub_apart_from_proxy: bool = False
    """Prefer two nodes, so that a lost node takes sign-in or traffic, not both."""
    gpu_servers: Literal["pack", "spread"] = "pack"
    """`pack` fills a GPU node before the next, so that whole nodes stay free; `spread` shares the load."""
    priority: PriorityClasses = PriorityClasses()
    placeholders: int = Field(default=0, ge=0)
    """Pods that keep room for so many more servers, and give way to them; for clusters that add nodes."""
