"""What is kept: the users' homes, the folder they share, object storage, the hub's database."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import LABEL, DnsLabel, Form, Hostname, MountPath, Quantity, StorageClassName, Url
from settings.network import Port, Reach
from settings.section import Section

AccessMode = Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"]
VolumeName = Annotated[
    str,
    Form("the name of a PersistentVolume", rf"{LABEL.pattern}(?:\.{LABEL.pattern})*", "jupyterhub.shared"),
]

Region = Annotated[str, Form("a region of S3", r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", "us-east-1")]


class Homes(Section):
    """One volume per user, made by the spawner at the first start, never deleted by it."""

    storage_class: StorageClassName
    """StorageClass of the claims."""
    size: Quantity
    """Size of each home. A larger one is for new homes, and by `ops grow-homes` for those that are there; a
    smaller one for new homes alone: no volume shrinks."""
    access_mode: AccessMode = "ReadWriteOnce"
    """Access mode of the claims."""
    warn_below: int = Field(default=10, ge=1, le=50)
    """Percent of a home that are still free when JupyterLab's display of the disk turns red."""


class Nfs(Section):
    """An export of an NFS server (version 4), mounted through a PersistentVolume."""

    server: Hostname
    """Host of the NFS server."""
    path: MountPath
    """The exported path."""
    volume: VolumeName | None = None
    """A PersistentVolume of this export that is there already; without it the stack makes one, which
    takes rights in the whole cluster."""


class SharedFolder(Section):
    """One volume that all users mount."""

    claim: DnsLabel = "shared"
    """Name of the claim."""
    storage_class: StorageClassName | None = None
    """Class of the claim; none with `nfs`, which needs none."""
    nfs: Nfs | None = None
    size: Quantity
    """Size of the volume. It can grow where the class lets volumes grow; with `nfs` it bounds nothing."""
    access_mode: AccessMode = "ReadWriteMany"
    """Access mode of the claim."""
    mount_path: MountPath = "/shared"
    """Where user pods find it."""
    single_node: bool = False
    """The cluster has one node, so that a volume of one node can be shared by all pods."""


class NoObjectStore(Section):
    """Notebooks get no bucket."""

    kind: Literal["none"]


class CephS3(Section):
    """A bucket of the Ceph object gateway, claimed once for the hub; no volume can be made of it."""

    kind: Literal["cephS3"]
    bucket_class: StorageClassName
    """The class by which Rook makes buckets (ObjectBucketClaim)."""
    claim: DnsLabel = "jupyterhub-bucket"
    """Names the claim, and the Secret and the ConfigMap that Rook makes for it."""
    endpoint: Url
    """Address of the object gateway, as clients type it."""
    region: Region = "us-east-1"
    """What clients sign for. A gateway of one's own knows none, and clients insist on one."""
    reach: Reach


class Minio(Section):
    """A bucket of a MinIO that is there already."""

    kind: Literal["minio"]
    endpoint: Url
    """Address of MinIO, as clients type it."""
    bucket: DnsLabel
    """Name of the bucket."""
    credentials: DnsLabel
    """Secret with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    region: Region = "us-east-1"
    """What clients sign for. A MinIO that was given another one refuses all others."""
    reach: Reach


ObjectStore = Annotated[NoObjectStore | CephS3 | Minio, Field(discriminator="kind")]


class Storage(Section):
    """Volumes and buckets for people."""

    homes: Homes
    shared: SharedFolder | None = None
    object_store: ObjectStore = NoObjectStore(kind="none")
    snapshot_class: StorageClassName | None = None
    """VolumeSnapshotClass for backups of homes, where the cluster has one."""


class Sqlite(Section):
    """The hub's database as a file on a claim of ours: the chart's own claim would go with the release."""

    kind: Literal["sqlite"]
    claim: DnsLabel = "hub-database"
    """Name of the claim."""
    storage_class: StorageClassName
    """StorageClass of the claim."""
    size: Quantity = "1Gi"
    """Size of the volume. It can grow where the class lets volumes grow."""


class ExternalDatabase(Section):
    """A PostgreSQL that others run; its password is the flat key `databasePassword`."""

    kind: Literal["external"]
    host: Hostname
    """Host of the primary: with replication the name that follows it."""
    port: Port = 5432
    """Port of PostgreSQL."""
    name: str = Field(default="jupyterhub", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    """Name of the database."""
    user: str = Field(default="jupyterhub", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    """Role that owns it."""
    password_secret: DnsLabel = "jupyterhub-database"  # noqa: S105 -- the name of an object, no secret
    """Secret with the key `password`, where it does not come from Pulumi's config."""
    ssl_mode: Literal["disable", "require", "verify-full"] = "verify-full"
    """What the hub asks of the connection, as libpq says it."""
    replicated: bool | None = None
    """Whether it survives the loss of one of its servers: else a lost node of its own stops sign-in."""
    reach: Reach


Database = Annotated[Sqlite | ExternalDatabase, Field(discriminator="kind")]
