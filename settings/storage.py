"""What is kept: the users' homes, the folder they share, the hub's database."""

from __future__ import annotations

from typing import Literal

from settings.names import DnsLabel, MountPath, Quantity, StorageClassName
from settings.section import Section

AccessMode = Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"]


class Homes(Section):
    """One volume per user, made by the spawner at the first start, never deleted by it."""

    storage_class: StorageClassName
    size: Quantity
    access_mode: AccessMode = "ReadWriteOnce"


class SharedFolder(Section):
    """One volume that all users mount."""

    claim: DnsLabel = "shared"
    storage_class: StorageClassName
    size: Quantity
    access_mode: AccessMode = "ReadWriteMany"
    mount_path: MountPath = "/shared"
    single_node: bool = False
    """The cluster has one node, so that a volume of one node can be shared by all pods."""


class Storage(Section):
    """Volumes for people."""

    homes: Homes
    shared: SharedFolder | None = None


class Sqlite(Section):
    """The hub's database as a file on a claim of ours: the chart's own claim would go with the release."""

    kind: Literal["sqlite"]
    claim: DnsLabel = "hub-database"
    storage_class: StorageClassName
    size: Quantity = "1Gi"


Database = Sqlite
