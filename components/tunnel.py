"""The tunnel's connector: cloudflared, which opens the way to Cloudflare from inside and is the only way in.

Where the host leads to is registered at Cloudflare and not here: the connector asks for it when it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

import settings.door as model
from settings.flows import CONNECTOR
from settings.images import Image
from settings.placement import Placement

NAME = "cloudflared"
TOKEN_KEY = "token"  # noqa: S105 -- the key in a Secret, no secret
_METRICS = 2000
# Over the types of a pod that this class accepts, mypy takes all the memory that there is.
_DEPLOYMENT: Any = k8s.apps.v1.Deployment
_DROPPED = {"capabilities": {"drop": ["ALL"]}}
_LOCKED = {"allow_privilege_escalation": False, "read_only_root_filesystem": True, **_DROPPED}
# It lets requests end for 30 seconds once it is told to stop.
_GRACE = 45
_APART = {
    "max_skew": 1,
    "topology_key": "kubernetes.io/hostname",
    # On a cluster with one node left all must run there.
    "when_unsatisfiable": "ScheduleAnyway",
    "label_selector": {"match_labels": CONNECTOR},
}


@dataclass(frozen=True, kw_only=True)
class TunnelArgs:
    """The connector, where it runs, and whom it may talk to."""

    namespace: pulumi.Input[str]
    settings: model.Tunnel
    image: Image
    pull_secrets: tuple[str, ...]
    placement: Placement
    policy: Mapping[str, Any]
    """The spec of its NetworkPolicy."""
    token: pulumi.Output[str] | None
    """None where somebody else keeps it in the Secret that the settings name."""
    generation: int
    """A higher number starts the connectors anew: nothing else tells of a change in that Secret."""
    await_ready: bool


class Tunnel(pulumi.ComponentResource):
    """Connectors on several nodes, each with connections of its own: all serve at once."""

    def __init__(self, name: str, args: TunnelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Tunnel", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        allowed: Any = args.policy
        policy = k8s.networking.v1.NetworkPolicy(
            "policy", metadata=self._named(), spec=allowed, opts=self._child
        )
        selector = k8s.meta.v1.LabelSelectorArgs(match_labels=CONNECTOR)
        k8s.policy.v1.PodDisruptionBudget(
            "disruption-budget",
            metadata=self._named(),
            # AlwaysAllow: else connectors that never came up would keep their node from being emptied.
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1, selector=selector, unhealthy_pod_eviction_policy="AlwaysAllow"
            ),
            opts=self._child,
        )
        self._connectors(self._token(), policy)
        self.register_outputs({})

    def _named(self, notes: Mapping[str, str] | None = None) -> k8s.meta.v1.ObjectMetaArgs:
        place = self._args.namespace
        return k8s.meta.v1.ObjectMetaArgs(name=NAME, namespace=place, labels=CONNECTOR, annotations=notes)

    def _token(self) -> pulumi.Input[str]:
        """Name the Secret with the token: ours has a new name for every token, which rolls the pods."""
        if self._args.token is None:
            return self._args.settings.token_secret
        made = k8s.core.v1.Secret(
            "tunnel-token",
            metadata={"namespace": self._args.namespace},
            immutable=True,
            string_data={TOKEN_KEY: self._args.token},
            opts=self._child,
        )
        return pulumi.Output.from_input(made.metadata["name"])

    def _connectors(self, secret: pulumi.Input[str], policy: pulumi.Resource) -> None:
        replicas = self._args.settings.replicas
        generation = {"jupyterhub/token-generation": str(self._args.generation)}
        wait = ("timeoutSeconds", "300") if self._args.await_ready else ("skipAwait", "true")
        _DEPLOYMENT(
            NAME,
            metadata=self._named({f"pulumi.com/{wait[0]}": wait[1]}),
            spec={
                "replicas": replicas,
                "selector": {"match_labels": CONNECTOR},
                # One may go first, since a full quota has no room for another; but not the only one.
                "strategy": {"rolling_update": {"max_surge": 1, "max_unavailable": int(replicas > 1)}},
                "template": {
                    "metadata": {"labels": CONNECTOR, "annotations": generation},
                    "spec": self._pod(secret),
                },
            },
            # Without its policy, default deny would leave it waiting.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _pod(self, secret: pulumi.Input[str]) -> dict[str, Any]:
        placement = self._args.placement
        pod: dict[str, Any] = {
            "containers": [self._container(secret)],
            # It asks the API server for nothing.
            "automount_service_account_token": False,
            "enable_service_links": False,
            "termination_grace_period_seconds": _GRACE,
            "security_context": {"run_as_non_root": True, "seccomp_profile": {"type": "RuntimeDefault"}},
            "topology_spread_constraints": [_APART],
        }
        where = {
            "image_pull_secrets": [{"name": name} for name in self._args.pull_secrets],
            "node_selector": dict(placement.core_nodes),
            "priority_class_name": placement.priority.core,
        }
        return pod | {field: value for field, value in where.items() if value}

    def _container(self, secret: pulumi.Input[str]) -> dict[str, Any]:
        # In the environment, and not among the arguments, which everybody on the node can list.
        token = {"name": secret, "key": TOKEN_KEY}
        return {
            "name": NAME,
            "image": self._args.image.reference,
            "args": ["tunnel", "--no-autoupdate", "--metrics", f"0.0.0.0:{_METRICS}", "run"],
            "env": [{"name": "TUNNEL_TOKEN", "value_from": {"secret_key_ref": token}}],
            "ports": [{"name": "metrics", "container_port": _METRICS}],
            # Ready with one connection to Cloudflare. No liveness probe: a connector without its line tries
            # again by itself, and a restart would only add the growing pauses between restarts.
            "readiness_probe": {"http_get": {"path": "/ready", "port": "metrics"}, "period_seconds": 5},
            "resources": self._args.settings.resources.model_dump(exclude_none=True),
            "security_context": _LOCKED,
        }
