"""The namespace and what holds in all of it: Pod Security, identities, rights, quota, default deny.

The flows that are allowed again are the chart's own policies, whose rules come with its values: they
select by the chart's labels, which are the chart's to change.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

import settings.cluster as model

# What KubeSpawner does with a user's server. No Secrets, no Services, and no deletion of claims:
# a second lock on the homes, beside delete_pvc.
SPAWNER_RULES = (
    {
        "api_groups": [""],
        "resources": ["pods"],
        "verbs": ["get", "list", "watch", "create", "delete"],
    },
    {"api_groups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["get", "create"]},
    {"api_groups": [""], "resources": ["events"], "verbs": ["get", "list", "watch"]},
)
# What it takes to count free GPUs: what nodes offer, and what pods of all namespaces hold of it.
SIGHT_RULES = ({"api_groups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]},)


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    """The settings that the component turns into objects."""

    settings: model.Namespace
    protection: model.Protection
    nodes_visible: bool = False
    """Whether the hub may list nodes and pods of the whole cluster."""


class Namespace(pulumi.ComponentResource):
    """One hub's namespace. Outputs: namespace_name; made is the object, where the stack owns it."""

    namespace_name: pulumi.Output[str]
    made: k8s.core.v1.Namespace | None

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Namespace", name, None, opts)
        self._args = args
        self.made = self._namespace() if args.settings.create else None
        self.namespace_name = pulumi.Output.from_input(
            self.made.metadata["name"] if self.made else args.settings.name
        )
        self._identities()
        if args.nodes_visible:
            self._sight()
        self._default_deny()
        self._bounds()
        self.register_outputs({"namespaceName": self.namespace_name})

    def _namespace(self) -> k8s.core.v1.Namespace:
        wanted, protection = self._args.settings, self._args.protection
        levels = {f"pod-security.kubernetes.io/{mode}": wanted.pod_security for mode in ("enforce", "warn")}
        return k8s.core.v1.Namespace(
            "namespace",
            metadata={"name": wanted.name, "labels": levels},
            opts=pulumi.ResourceOptions(
                parent=self, protect=protection.protect, retain_on_delete=protection.retain
            ),
        )

    def _identities(self) -> None:
        accounts = self._args.settings.service_accounts
        child = pulumi.ResourceOptions(parent=self)
        for role, name in (("hub", accounts.hub), ("notebook", accounts.notebook)):
            k8s.core.v1.ServiceAccount(
                f"service-account-{role}",
                metadata={"name": name, "namespace": self.namespace_name},
                # Only the hub talks to the API server. User pods: no token, whoever asks for the account.
                automount_service_account_token=role == "hub",
                opts=child,
            )
        k8s.rbac.v1.Role(
            "spawner",
            metadata={"name": "jupyterhub-spawner", "namespace": self.namespace_name},
            rules=[k8s.rbac.v1.PolicyRuleArgs(**rule) for rule in SPAWNER_RULES],
            opts=child,
        )
        k8s.rbac.v1.RoleBinding(
            "spawner",
            metadata={"name": "jupyterhub-spawner", "namespace": self.namespace_name},
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": "jupyterhub-spawner",
            },
            subjects=[{"kind": "ServiceAccount", "name": accounts.hub, "namespace": self.namespace_name}],
            opts=child,
        )

    def _sight(self) -> None:
        wanted, child = self._args.settings, pulumi.ResourceOptions(parent=self)
        # It belongs to the cluster, where another hub may be.
        name = f"jupyterhub-nodes-{wanted.name}"
        k8s.rbac.v1.ClusterRole(
            "nodes",
            metadata={"name": name},
            rules=[k8s.rbac.v1.PolicyRuleArgs(**rule) for rule in SIGHT_RULES],
            opts=child,
        )
        k8s.rbac.v1.ClusterRoleBinding(
            "nodes",
            metadata={"name": name},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            subjects=[
                {
                    "kind": "ServiceAccount",
                    "name": wanted.service_accounts.hub,
                    "namespace": self.namespace_name,
                }
            ],
            opts=child,
        )

    def _default_deny(self) -> None:
        k8s.networking.v1.NetworkPolicy(
            "default-deny",
            metadata={"name": "default-deny", "namespace": self.namespace_name},
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _bounds(self) -> None:
        wanted, child = self._args.settings, pulumi.ResourceOptions(parent=self)
        if wanted.quota:
            k8s.core.v1.ResourceQuota(
                "quota",
                metadata={"name": "jupyterhub", "namespace": self.namespace_name},
                spec={"hard": dict(wanted.quota)},
                opts=child,
            )
        if wanted.limit_range:
            k8s.core.v1.LimitRange(
                "limit-range",
                metadata={"name": "jupyterhub", "namespace": self.namespace_name},
                spec={
                    "limits": [
                        {
                            "type": "Container",
                            "default": wanted.limit_range.default.model_dump(exclude_none=True),
                            "default_request": wanted.limit_range.default_request.model_dump(
                                exclude_none=True
                            ),
                        }
                    ]
                },
                opts=child,
            )
