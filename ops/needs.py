"""What a deployment does with each kind of object; a test holds it against every kind of every stack."""

from __future__ import annotations

from dataclasses import dataclass

Resource = tuple[str, str]
"""API group (empty for the core's) and resource."""

READ = frozenset({"get", "list", "watch"})
OWN = READ | {"create", "delete", "patch"}
"""What the provider, and Helm, do with an object of their own. Neither ever lists beyond the namespace."""
HELM = frozenset({"update"})
"""What Helm alone does: it writes down the state of a release in its Secret anew."""

# What both wait for with a Deployment, or explain its failure by; the official provider watches all of it.
_WATCHED: tuple[Resource, ...] = (
    ("", "pods"),
    ("", "persistentvolumeclaims"),
    ("", "events"),
    ("apps", "replicasets"),
)


@dataclass(frozen=True, kw_only=True)
class Need:
    """One kind: where the API has it, and what is looked at while it comes up."""

    group: str
    resource: str
    cluster_wide: bool = False
    extra: frozenset[str] = frozenset()
    reads: tuple[Resource, ...] = ()


NEEDS = {
    "core/v1:ConfigMap": Need(group="", resource="configmaps"),
    "core/v1:LimitRange": Need(group="", resource="limitranges"),
    "core/v1:Namespace": Need(group="", resource="namespaces", cluster_wide=True),
    "core/v1:PersistentVolume": Need(group="", resource="persistentvolumes", cluster_wide=True),
    "core/v1:PersistentVolumeClaim": Need(group="", resource="persistentvolumeclaims"),
    "core/v1:ResourceQuota": Need(group="", resource="resourcequotas"),
    "core/v1:Secret": Need(group="", resource="secrets"),
    "core/v1:Service": Need(group="", resource="services"),
    "core/v1:ServiceAccount": Need(group="", resource="serviceaccounts"),
    "apps/v1:Deployment": Need(group="apps", resource="deployments", reads=_WATCHED),
    "networking.k8s.io/v1:Ingress": Need(group="networking.k8s.io", resource="ingresses"),
    "networking.k8s.io/v1:NetworkPolicy": Need(group="networking.k8s.io", resource="networkpolicies"),
    "policy/v1:PodDisruptionBudget": Need(group="policy", resource="poddisruptionbudgets"),
    "rbac.authorization.k8s.io/v1:ClusterRole": Need(
        group="rbac.authorization.k8s.io", resource="clusterroles", cluster_wide=True
    ),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": Need(
        group="rbac.authorization.k8s.io", resource="clusterrolebindings", cluster_wide=True
    ),
    "rbac.authorization.k8s.io/v1:Role": Need(group="rbac.authorization.k8s.io", resource="roles"),
    "rbac.authorization.k8s.io/v1:RoleBinding": Need(
        group="rbac.authorization.k8s.io", resource="rolebindings"
    ),
    "scheduling.k8s.io/v1:PriorityClass": Need(
        group="scheduling.k8s.io", resource="priorityclasses", cluster_wide=True
    ),
    # The release itself is a Secret for each of its revisions.
    "helm.sh/v3:Release": Need(group="", resource="secrets", extra=HELM, reads=_WATCHED),
    "cert-manager.io/v1:Certificate": Need(group="cert-manager.io", resource="certificates"),
    "external-secrets.io/v1:ExternalSecret": Need(group="external-secrets.io", resource="externalsecrets"),
    "external-secrets.io/v1:SecretStore": Need(group="external-secrets.io", resource="secretstores"),
    "gateway.networking.k8s.io/v1:HTTPRoute": Need(group="gateway.networking.k8s.io", resource="httproutes"),
    "monitoring.coreos.com/v1:PodMonitor": Need(group="monitoring.coreos.com", resource="podmonitors"),
    "monitoring.coreos.com/v1:PrometheusRule": Need(
        group="monitoring.coreos.com", resource="prometheusrules"
    ),
    "monitoring.coreos.com/v1:ServiceMonitor": Need(
        group="monitoring.coreos.com", resource="servicemonitors"
    ),
    "objectbucket.io/v1alpha1:ObjectBucketClaim": Need(
        group="objectbucket.io", resource="objectbucketclaims"
    ),
}
