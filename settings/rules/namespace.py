"""Rules about the namespace: whose it is, who acts in it, what every pod in it must say."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import Namespace, Protection
from settings.door import Door
from settings.finding import Finding
from settings.hub import Hub, Resources

# What Kubernetes counts without a prefix; everything else is requests., limits. or count/ of something.
_COUNTED = {
    "cpu",
    "memory",
    "ephemeral-storage",
    "pods",
    "services",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "resourcequotas",
    "replicationcontrollers",
    "services.nodeports",
    "services.loadbalancers",
}


def notebooks_have_their_own_identity(namespace: Namespace) -> Iterator[Finding]:
    """Refuse user pods under the hub's account, or either under the namespace's default one."""
    accounts = namespace.service_accounts
    if accounts.hub == accounts.notebook or "default" in (accounts.hub, accounts.notebook):
        yield Finding(
            path="settings.namespace.serviceAccounts",
            rule="D22",
            what=f"hub runs as {accounts.hub}, user pods run as {accounts.notebook}.",
            follows="User pods could act with the hub's rights, or unrelated pods would share an identity.",
            remedy="Give hub and notebook each a service account of its own, neither of them default.",
        )


def namespace_is_ours(namespace: Namespace) -> Iterator[Finding]:
    """Refuse the namespaces that belong to the cluster."""
    if namespace.name == "default" or namespace.name.startswith(("kube-", "openshift-")):
        yield Finding(
            path="settings.namespace.name",
            rule="D18",
            what=f"{namespace.name} belongs to the cluster.",
            follows="Default-deny policies and quotas would hit what others run there.",
            remedy="Choose a namespace for this hub alone.",
        )


def pods_are_held_to_a_level(namespace: Namespace) -> Iterator[Finding]:
    """Point at a namespace in which a pod may do everything to its node."""
    if namespace.pod_security == "privileged":
        yield Finding(
            path="settings.namespace.podSecurity",
            rule="D24",
            what="the namespace lets privileged pods in.",
            follows="Whoever makes a pod there owns its node; every pod of this release lives without it.",
            remedy="Say restricted.",
            severity="warning",
        )


def data_is_protected(protection: Protection, ingress: Door) -> Iterator[Finding]:
    """Refuse a deployment for others whose homes a slip of the hand deletes."""
    for field in ("protect", "retain"):
        if not getattr(protection, field) and ingress.reach != "machine":
            yield Finding(
                path=f"settings.protection.{field}",
                rule="D18",
                what=f"{field} is off, and others than this machine use the hub.",
                follows="One `pulumi destroy`, or one renamed resource, deletes every home.",
                remedy=f"Leave {field} on; switch it off only for the one command that shall delete.",
            )


def quota_leaves_room_for_every_pod(namespace: Namespace, hub: Hub) -> Iterator[Finding]:
    """Want requests everywhere once a quota counts them."""
    if not namespace.quota:
        return
    if namespace.limit_range is None:
        yield Finding(
            path="settings.namespace.limitRange",
            rule="D38",
            what="there is a quota and no limitRange.",
            follows="Pods without requests are refused, and users see a failed start.",
            remedy="Add limitRange with default and defaultRequest for cpu and memory.",
        )
    for name, resources in (("resources", hub.resources), ("proxyResources", hub.proxy_resources)):
        if not _complete(resources):
            yield Finding(
                path=f"settings.hub.{name}",
                rule="D38",
                what="there is a quota, and this pod does not say what it needs.",
                follows="What it takes from the quota would be left to the namespace's defaults.",
                remedy="Give requests and limits, each with cpu and memory.",
            )


def _complete(resources: Resources) -> bool:
    return all(
        value is not None
        for amounts in (resources.requests, resources.limits)
        for value in (amounts.cpu, amounts.memory)
    )


def quota_counts_what_there_is(namespace: Namespace) -> Iterator[Finding]:
    """Refuse a quota of something that Kubernetes does not count."""
    for name in namespace.quota:
        if (
            name not in _COUNTED
            and not name.startswith(("requests.", "limits.", "count/"))
            and (".storageclass.storage.k8s.io/" not in name)
        ):
            yield Finding(
                path=f"settings.namespace.quota.{name}",
                rule="D38",
                what=f"Kubernetes counts no {name}.",
                follows="The API server refuses the whole quota.",
                remedy="Write requests.cpu, requests.memory, limits.memory, requests.nvidia.com/gpu, "
                "persistentvolumeclaims and the like.",
            )


RULES = (
    notebooks_have_their_own_identity,
    namespace_is_ours,
    pods_are_held_to_a_level,
    data_is_protected,
    quota_leaves_room_for_every_pod,
    quota_counts_what_there_is,
)
