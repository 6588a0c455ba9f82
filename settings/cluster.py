"""Where a stack lives: the cluster, its namespace, and what protects both from a slip of the hand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import DnsLabel, Quantity
from settings.section import Section


class CaBundle(Section):
    """A ConfigMap in the namespace: the company's certificate authorities and the public ones."""

    config_map: DnsLabel
    """Name of the ConfigMap in the hub's namespace."""
    key: str = Field(default="ca-certificates.crt", pattern=r"^[-._a-zA-Z0-9]{1,253}$")
    """Key of the bundle in it, as PEM."""
    certificates: str | None = Field(default=None, max_length=900_000)
    """The bundle itself, PEM: with it the stack makes the ConfigMap, else somebody else keeps that. Most
    clients trust nothing beside it: where they reach public hosts, it holds the public authorities too."""


class Cluster(Section):
    """The one cluster that a stack talks to, never the one a shell happens to point at."""

    context: str = Field(min_length=1)
    """Context in the kubeconfig that KUBECONFIG names."""
    identifier: DnsLabel
    """Fixed name of the cluster: a second way to reach the same cluster must not replace everything."""
    kubernetes: Annotated[str, Field(pattern=r"^1\.[0-9]{1,2}$")] | None = None
    """Its version, such as "1.32", in quotes; held against the chart's and checked in the cluster."""
    gpu: Literal["none", "nvidia", "pretended"] = "none"
    """What GPUs it has: a profile with a GPU needs one. `pretended` ones count, and compute nothing."""
    ca_bundle: CaBundle | None = None
    """The company's certificate authorities, for hub and notebooks."""
    nodes_visible: bool = False
    """The hub may list nodes and pods, by a ClusterRole: the start page tells how many GPUs
    are free. See [profiles](profiles.md)."""
    autoscaled: bool = False
    """Nodes are added when pods wait for room: a start that finds none waits for one."""


class Protection(Section):
    """What a deletion does to the things that hold data."""

    protect: bool = True
    """Refuse to delete namespace, claims, release and generated secrets until this is switched off."""
    retain: bool = True
    """Leave namespace and claims in the cluster when the stack is destroyed."""


class ServiceAccounts(Section):
    """The two identities of a release."""

    hub: DnsLabel = "hub"
    """The hub runs as this one; it holds the spawner's rights and no others."""
    notebook: DnsLabel = "notebook"
    """User pods run as this one; no token of it is ever mounted."""


class Amounts(Section):
    """Processor and memory of a container or of a default."""

    cpu: Quantity | None = None
    """Processors, such as "2" or 500m."""
    memory: Quantity | None = None
    """Memory, such as 512Mi."""


class LimitRange(Section):
    """What a container gets that asks for nothing."""

    default: Amounts
    default_request: Amounts


class Namespace(Section):
    """The namespace of the release and what holds in all of it."""

    name: DnsLabel
    """Namespace of everything that the stack makes."""
    create: bool = True
    """False: the namespace exists and belongs to someone else."""
    pod_security: Literal["restricted", "baseline", "privileged"] = "restricted"
    """Pod Security level that the namespace enforces."""
    service_accounts: ServiceAccounts = ServiceAccounts()
    quota: dict[str, Quantity] = Field(default_factory=dict)
    """Hard limits of a ResourceQuota, by resource; none when empty."""
    limit_range: LimitRange | None = None
