"""The claims that outlive a release: the hub's database and the shared folder.

Homes are not here: the spawner makes one for each user, at the first start.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

import settings.storage as model
from settings.cluster import Protection


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Where the claims lie, what they are, and what protects them."""

    namespace: pulumi.Input[str]
    storage: model.Storage
    database: model.Database
    protection: Protection
    goes_with: pulumi.Resource | None
    """The namespace, where the stack owns it: its deletion takes the claims along.

    Servers that users started belong to no stack. They hold a claim, and a claim that is deleted by
    itself waits for them for ever; the deletion of a namespace ends them first.
    """


class Storage(pulumi.ComponentResource):
    """What people and the hub keep. Their names are fixed: pods and restores refer to them."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Storage", name, None, opts)
        self._args = args
        database, shared = args.database, args.storage.shared
        if isinstance(database, model.Sqlite):
            self._claim("database", database.claim, database.storage_class, database.size, "ReadWriteOnce")
        if shared and shared.storage_class:
            self._claim("shared", shared.claim, shared.storage_class, shared.size, shared.access_mode)
        self.register_outputs({})

    def _claim(self, role: str, name: str, storage_class: str, size: str, mode: str) -> None:
        protection = self._args.protection
        k8s.core.v1.PersistentVolumeClaim(
            f"claim-{role}",
            metadata={
                "name": name,
                "namespace": self._args.namespace,
                # A class that binds at first use leaves the claim Pending until a pod wants it, and the
                # pods come after the claims.
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={
                "access_modes": [mode],
                "storage_class_name": storage_class,
                "resources": {"requests": {"storage": size}},
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=protection.protect,
                retain_on_delete=protection.retain,
                deleted_with=self._args.goes_with,
            ),
        )
