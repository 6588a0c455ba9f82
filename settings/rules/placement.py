"""Rules about the namespace and its volumes."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import Namespace
from settings.finding import Finding
from settings.hub import Hub, Resources
from settings.storage import Sqlite, Storage


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
    if namespace.name == "default" or namespace.name.startswith("kube-"):
        yield Finding(
            path="settings.namespace.name",
            rule="D18",
            what=f"{namespace.name} belongs to the cluster.",
            follows="Default-deny policies and quotas would hit what others run there.",
            remedy="Choose a namespace for this hub alone.",
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


def shared_folder_can_be_shared(storage: Storage) -> Iterator[Finding]:
    """Refuse a volume of one node for pods of many, and a promise that local-path cannot keep."""
    shared = storage.shared
    if shared is None:
        return
    if shared.access_mode != "ReadWriteMany" and not shared.single_node:
        yield Finding(
            path="settings.storage.shared.accessMode",
            rule="D11",
            what=f"the shared folder is {shared.access_mode}, and the cluster may have several nodes.",
            follows="Pods on other nodes hang at start with a Multi-Attach error.",
            remedy="Use a class with ReadWriteMany (CephFS, NFS), or set singleNode: true.",
        )
    if shared.access_mode == "ReadWriteOncePod":
        yield Finding(
            path="settings.storage.shared.accessMode",
            rule="D11",
            what="ReadWriteOncePod lets a single pod mount the volume.",
            follows="The second user's server never starts.",
            remedy="Use ReadWriteMany, or ReadWriteOnce with singleNode: true.",
        )
    if shared.access_mode == "ReadWriteMany" and shared.storage_class == "local-path":
        yield Finding(
            path="settings.storage.shared.storageClass",
            rule="D11",
            what="local-path volumes lie on one node and cannot be ReadWriteMany.",
            follows="The claim stays Pending, and no server starts.",
            remedy="Use another class, or ReadWriteOnce with singleNode: true.",
        )


def homes_are_mounted_once(storage: Storage) -> Iterator[Finding]:
    """Refuse to mount the shared folder over the homes."""
    shared = storage.shared
    if shared and (shared.mount_path + "/").startswith("/home/jovyan/"):
        yield Finding(
            path="settings.storage.shared.mountPath",
            rule="D12",
            what=f"{shared.mount_path} lies in the user's home.",
            follows="The shared folder would hide a part of each home.",
            remedy="Mount it elsewhere, such as /shared.",
        )


def claims_have_their_own_names(storage: Storage, database: Sqlite) -> Iterator[Finding]:
    """Refuse one claim for two purposes."""
    if storage.shared and storage.shared.claim == database.claim:
        yield Finding(
            path="settings.database.claim",
            rule="D11",
            what=f"database and shared folder are both the claim {database.claim}.",
            follows="Every user could read and destroy the hub's database.",
            remedy="Give each claim a name of its own.",
        )


RULES = (
    notebooks_have_their_own_identity,
    namespace_is_ours,
    quota_leaves_room_for_every_pod,
    shared_folder_can_be_shared,
    homes_are_mounted_once,
    claims_have_their_own_names,
)
