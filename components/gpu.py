"""What lies behind the GPU profiles: how many there may be, who goes first, what the GPU operator reads."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

import settings.gpu as model
from settings.cluster import Protection
from settings.sharing import config_map


@dataclass(frozen=True, kw_only=True)
class GpuArgs:
    """Where the quota lies, whose the cluster-wide objects are, and what is asked for."""

    namespace: pulumi.Input[str]
    hub_namespace: str
    """The namespace as the settings name it: objects outside of it carry it in their names."""
    gpu: model.Gpus
    protection: Protection


class Gpu(pulumi.ComponentResource):
    """Makes only what the settings ask for: two of the three need rights beyond the namespace."""

    def __init__(self, name: str, args: GpuArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Gpu", name, None, opts)
        self._args = args
        if args.gpu.quota:
            self._quota()
        if isinstance(args.gpu.priority, model.OwnPriority):
            self._priority(args.gpu.priority)
        sharing = args.gpu.sharing
        if not isinstance(sharing, model.NoSharing) and sharing.manage:
            self._sharing(sharing)
        self.register_outputs({})

    def _quota(self) -> None:
        # Of extended resources Kubernetes counts requests alone; limits equal them.
        hard = {f"requests.{name}": str(count) for name, count in self._args.gpu.quota.items()}
        k8s.core.v1.ResourceQuota(
            "gpu-quota",
            metadata={"name": "jupyterhub-gpu", "namespace": self._args.namespace},
            spec={"hard": hard},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _priority(self, wanted: model.OwnPriority) -> None:
        k8s.scheduling.v1.PriorityClass(
            "gpu-priority",
            metadata={"name": model.priority_name(self._args.gpu, self._args.hub_namespace)},
            value=wanted.value,
            preemption_policy="PreemptLowerPriority" if wanted.preempts else "Never",
            global_default=False,
            description=f"Servers with a GPU of the hub in {self._args.hub_namespace}.",
            opts=pulumi.ResourceOptions(
                parent=self,
                # Kubernetes refuses to change either, and the name stays, since profiles refer to it.
                replace_on_changes=["value", "preemptionPolicy"],
                delete_before_replace=True,
            ),
        )

    def _sharing(self, wanted: model.TimeSlices | model.Mig) -> None:
        name, data = config_map(wanted, self._args.hub_namespace)
        k8s.core.v1.ConfigMap(
            "gpu-sharing",
            metadata={"name": name, "namespace": wanted.operator_namespace},
            data=data,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The operator's pods mount it: without it no node would offer a GPU to anyone.
                retain_on_delete=self._args.protection.retain,
            ),
        )
