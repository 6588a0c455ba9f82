"""Rules about volumes and buckets: what a class can do, where a folder may be mounted, how large it is."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from settings.cluster import Namespace
from settings.finding import Finding
from settings.names import amount
from settings.section import Section
from settings.storage import NoObjectStore, SharedFolder, Sqlite, Storage

# By name, since nothing else of a class is known before a cluster is asked.
_ONE_NODE = re.compile(r"local-path|hostpath|(^|[-.])(rbd|ebs|gp[23]|lvm|zfs)($|[-.])")
_BUCKETS = re.compile(r"(^|[-.])(s3|obc|bucket|buckets)($|[-.])")
_SMALLEST = "100Mi"
# Where an image keeps its programs and Linux its own: whatever is mounted there hides them.
_TAKEN_WITH_ALL_BELOW = ("/etc", "/usr", "/bin", "/sbin", "/lib", "/proc", "/sys", "/dev", "/opt/conda")
_TAKEN = ("/", "/home", "/opt", "/tmp", "/var", "/run", "/root")  # noqa: S108 -- refused, not used


def shared_folder_has_one_source(storage: Storage) -> Iterator[Finding]:
    """Want a class or an NFS export, and not both."""
    shared = storage.shared
    if shared and bool(shared.storage_class) == bool(shared.nfs):
        both = bool(shared.nfs)
        yield Finding(
            path="settings.storage.shared",
            rule="S1",
            what="both storageClass and nfs are given." if both else "neither storageClass nor nfs is given.",
            follows="Which of them holds the files would be a guess."
            if both
            else "The claim would wait for a volume that nobody makes.",
            remedy="Give one: storageClass where a class makes the volume, nfs where an export is there.",
        )


def shared_folder_can_be_shared(storage: Storage) -> Iterator[Finding]:
    """Refuse a volume of one node, or of one pod, for the pods of many."""
    shared = storage.shared
    if shared is None:
        return
    if shared.access_mode == "ReadWriteOncePod":
        yield _not_shared(
            "ReadWriteOncePod lets a single pod mount the volume.",
            "The second user's server never starts.",
        )
    elif shared.access_mode != "ReadWriteMany" and not shared.single_node:
        yield _not_shared(
            f"the shared folder is {shared.access_mode}, and the cluster may have several nodes.",
            "Pods on other nodes hang at start with a Multi-Attach error.",
        )


def _not_shared(what: str, follows: str) -> Finding:
    return Finding(
        path="settings.storage.shared.accessMode",
        rule="D11",
        what=what,
        follows=follows,
        remedy="Use a class with ReadWriteMany (CephFS, NFS), or ReadWriteOnce with singleNode: true.",
    )


def many_nodes_need_a_file_system_of_many(storage: Storage) -> Iterator[Finding]:
    """Refuse ReadWriteMany of classes whose volumes belong to one node."""
    for where, volume in (("homes", storage.homes), ("shared", storage.shared)):
        name = volume.storage_class if volume else None
        if volume and name and volume.access_mode == "ReadWriteMany" and _ONE_NODE.search(name):
            yield Finding(
                path=f"settings.storage.{where}.storageClass",
                rule="D11",
                what=f"{name} volumes lie on one node, or are disks, and cannot be ReadWriteMany.",
                follows="The claim stays Pending, or two nodes write one disk and destroy it.",
                remedy="Use CephFS or NFS, or ReadWriteOnce"
                + (" with singleNode: true." if where == "shared" else "."),
            )


def homes_belong_to_one_server(storage: Storage) -> Iterator[Finding]:
    """Point at homes that several nodes may write at once."""
    homes = storage.homes
    if homes.access_mode == "ReadWriteMany" and not _ONE_NODE.search(homes.storage_class):
        yield Finding(
            path="settings.storage.homes.accessMode",
            rule="S2",
            what="homes are ReadWriteMany.",
            follows="Two servers of one user may write the same files; Jupyter's own databases break by it.",
            remedy="Use ReadWriteOnce, unless people need named servers over one home.",
            severity="warning",
        )


def buckets_are_no_volumes(storage: Storage, database: Section) -> Iterator[Finding]:
    """Refuse volumes of a class that makes buckets."""
    bucket_class = getattr(storage.object_store, "bucket_class", None)
    volumes = {
        "settings.storage.homes": storage.homes.storage_class,
        "settings.storage.shared": storage.shared.storage_class if storage.shared else None,
        "settings.database": database.storage_class if isinstance(database, Sqlite) else None,
    }
    for path, name in volumes.items():
        if name and (name == bucket_class or _BUCKETS.search(name)):
            yield Finding(
                path=f"{path}.storageClass",
                rule="D12",
                what=f"{name} makes buckets, and a bucket cannot be mounted.",
                follows="The claim stays Pending, and nothing that mounts it starts.",
                remedy="Use a class of volumes (ceph-rbd, cephfs); buckets belong to storage.objectStore.",
            )


def sizes_have_their_unit(storage: Storage, database: Section) -> Iterator[Finding]:
    """Refuse volumes too small for anything: a forgotten unit, or a wrong one."""
    sizes = {"settings.storage.homes": storage.homes.size}
    if storage.shared:
        sizes["settings.storage.shared"] = storage.shared.size
    if isinstance(database, Sqlite):
        sizes["settings.database"] = database.size
    for path, size in sizes.items():
        if amount(size) < amount(_SMALLEST):
            yield Finding(
                path=f"{path}.size",
                rule="S3",
                what=f"{size} is less than {_SMALLEST}.",
                follows="The volume is full before the first file is saved.",
                remedy="Write the unit: 10Gi.",
            )


def shared_folder_hides_nothing(storage: Storage) -> Iterator[Finding]:
    """Refuse to mount the shared folder over homes or over what the image needs."""
    if storage.shared is None:
        return
    place = posixpath.normpath(storage.shared.mount_path)
    if f"{place}/".startswith("/home/jovyan/"):
        yield _hidden(storage.shared, "D12", "lies in the user's home", "The folder would hide a part of it.")
    elif place in _TAKEN or any(f"{place}/".startswith(f"{taken}/") for taken in _TAKEN_WITH_ALL_BELOW):
        yield _hidden(storage.shared, "S4", "is the system's own", "The server would not find its programs.")


def _hidden(shared: SharedFolder, rule: str, what: str, follows: str) -> Finding:
    return Finding(
        path="settings.storage.shared.mountPath",
        rule=rule,
        what=f"{shared.mount_path} {what}.",
        follows=follows,
        remedy="Mount it elsewhere, such as /shared.",
    )


def buckets_are_reached_encrypted(storage: Storage) -> Iterator[Finding]:
    """Point at keys and data on the wire, outside the cluster."""
    store = storage.object_store
    if isinstance(store, NoObjectStore):
        return
    if store.endpoint.startswith("http://") and store.reach.namespace is None:
        yield Finding(
            path="settings.storage.objectStore.endpoint",
            rule="S5",
            what="object storage outside the cluster is spoken to in plain HTTP.",
            follows="Everybody on the way reads the data.",
            remedy="Use https.",
            severity="warning",
        )


def snapshots_need_a_class_that_makes_them(storage: Storage) -> Iterator[Finding]:
    """Refuse snapshots of folders on a node."""
    if storage.snapshot_class and "local-path" in storage.homes.storage_class:
        yield Finding(
            path="settings.storage.snapshotClass",
            rule="S6",
            what="local-path volumes are folders on a node, and nothing makes snapshots of them.",
            follows="Backups would be taken for granted, and there would be none.",
            remedy="Leave snapshotClass out, or use a class whose driver makes snapshots.",
        )


def volumes_of_the_cluster_need_its_rights(storage: Storage, namespace: Namespace) -> Iterator[Finding]:
    """Point at a volume that a guest in somebody's namespace can hardly make."""
    nfs = storage.shared.nfs if storage.shared else None
    if nfs and nfs.volume is None and not namespace.create:
        yield Finding(
            path="settings.storage.shared.nfs",
            rule="S7",
            what="the stack would make a PersistentVolume, and the namespace belongs to someone else.",
            follows="Volumes are the whole cluster's. With the rights of a namespace alone it is forbidden, "
            "and the shared folder's claim is not made either.",
            remedy="Let whoever runs the cluster make the volume (docs/keeping.md), and name it in volume.",
            severity="warning",
        )


RULES = (
    shared_folder_has_one_source,
    shared_folder_can_be_shared,
    many_nodes_need_a_file_system_of_many,
    homes_belong_to_one_server,
    buckets_are_no_volumes,
    sizes_have_their_unit,
    shared_folder_hides_nothing,
    buckets_are_reached_encrypted,
    snapshots_need_a_class_that_makes_them,
    volumes_of_the_cluster_need_its_rights,
)
