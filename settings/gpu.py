"""What lies behind the GPU profiles: how many there may be, who goes first, whether several share one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import ConfigName, DnsLabel, ExtendedResource, MigSlice
from settings.section import Section

WHOLE = "nvidia.com/gpu"
"""A whole GPU, as NVIDIA's device plugin offers it."""


class ExistingPriority(Section):
    """A PriorityClass that the cluster has."""

    kind: Literal["existing"]
    name: DnsLabel
    """Name of the PriorityClass."""


class OwnPriority(Section):
    """A PriorityClass that the stack makes: it belongs to the whole cluster, and needs rights over it."""

    kind: Literal["own"]
    value: int = Field(ge=-1_000_000_000, le=999_999_999)
    """The higher goes first in the queue for a GPU; pods without a class have 0."""
    preempts: bool = False
    """True: running pods of lower priority are ended for it, those of other namespaces too."""


Priority = Annotated[ExistingPriority | OwnPriority, Field(discriminator="kind")]


class Plan(Section):
    """Sharing is the GPU operator's work: what it has to be told lies in a ConfigMap of its namespace."""

    every_node: bool = False
    """False: nodes that carry the label of the plan; true: every node with a GPU that has no other plan."""
    operator_namespace: DnsLabel = "gpu-operator"
    """Where NVIDIA's GPU operator runs."""
    manage: bool = False
    """Write the ConfigMap there. False: the operator's owner gets the text, by `pulumi stack output`."""


class NoSharing(Section):
    """A server has its GPUs for itself."""

    kind: Literal["none"]


class TimeSlices(Plan):
    """Servers take turns on one GPU: nothing keeps their memory apart, and a crash of one may hit all."""

    kind: Literal["timeSlices"]
    replicas: int = Field(ge=2, le=64)
    """How many servers share one GPU."""
    rename: bool = True
    """Offer them as nvidia.com/gpu.shared, so that nobody takes a turn for a GPU of one's own."""


class Mig(Plan):
    """A GPU is cut into slices that have memory and processors of their own (A100, H100 and the like)."""

    kind: Literal["mig"]
    strategy: Literal["single", "mixed"] = "mixed"
    """`mixed`: each size has a name, such as nvidia.com/mig-1g.5gb; `single`: a slice is nvidia.com/gpu."""
    layout: ConfigName
    """Name of the layout: the label nvidia.com/mig.config of a node says it."""
    slices: dict[MigSlice, Annotated[int, Field(ge=1, le=7)]] = Field(min_length=1)
    """How many of each size one GPU is cut into."""


Sharing = Annotated[NoSharing | TimeSlices | Mig, Field(discriminator="kind")]


class Gpus(Section):
    """What lies behind the profiles with a GPU; `cluster.gpu` says whether there are any."""

    quota: dict[ExtendedResource, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """How many of each resource all servers together may have; a ResourceQuota of its own."""
    priority: Priority | None = None
    """Of servers with a GPU; the others have `placement.priority.users`."""
    sharing: Sharing = NoSharing(kind="none")
    """Whether several servers share one GPU."""


def offered(sharing: Sharing) -> frozenset[str]:
    """Give the resources that nodes with NVIDIA's GPUs offer."""
    if isinstance(sharing, NoSharing):
        return frozenset({WHOLE})
    whole = frozenset[str]() if sharing.every_node else frozenset({WHOLE})
    return whole | shared(sharing)


def shared(sharing: Sharing) -> frozenset[str]:
    """Give the resources of which one is a part of a GPU."""
    if isinstance(sharing, TimeSlices):
        return frozenset({f"{WHOLE}.shared" if sharing.rename else WHOLE})
    if isinstance(sharing, Mig) and sharing.strategy == "mixed":
        return frozenset(f"nvidia.com/mig-{size}" for size in sharing.slices)
    return frozenset({WHOLE}) if isinstance(sharing, Mig) else frozenset()


def priority_name(gpu: Gpus, namespace: str) -> str | None:
    """Give the class of servers with a GPU. One that is made belongs to the cluster, and says whose it is."""
    if isinstance(gpu.priority, OwnPriority):
        return f"{namespace}-gpu"
    return gpu.priority.name if gpu.priority else None
