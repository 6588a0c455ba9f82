"""What outlives a release: the hub's database, the shared folder, the claim of a bucket.

Homes are not here: the spawner makes one for each user, at the first start. docs/keeping.md says what
each kind of change does to all of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

import settings.storage as model
from settings.cluster import Protection

# A hub that Helm installed before us may own the claim. Once its new manifest lacks the claim, Helm
# deletes it, unless the live object says this.
KEEP = {"helm.sh/resource-policy": "keep"}


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


@dataclass(frozen=True)
class _Claim:
    role: str
    name: str
    size: str
    mode: str
    storage_class: str | None
    volume: pulumi.Input[str] | None = None


class Storage(pulumi.ComponentResource):
    """What people and the hub keep. Their names are fixed: pods and restores refer to them."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Storage", name, None, opts)
        self._args = args
        database, bucket = args.database, args.storage.object_store
        if isinstance(database, model.Sqlite):
            name, size, storage_class = database.claim, database.size, database.storage_class
            self._claim(_Claim("database", name, size, "ReadWriteOnce", storage_class))
        if args.storage.shared:
            self._shared(args.storage.shared)
        if isinstance(bucket, model.CephS3):
            self._bucket(bucket)
        self.register_outputs({})

    def _shared(self, shared: model.SharedFolder) -> None:
        nfs = shared.nfs
        # "" and not nothing: the cluster's default class would make a volume of its own.
        storage_class = "" if nfs else shared.storage_class
        volume = (nfs.volume or self._volume(shared, nfs)) if nfs else None
        self._claim(_Claim("shared", shared.claim, shared.size, shared.access_mode, storage_class, volume))

    def _claim(self, claim: _Claim) -> None:
        # A class that binds at first use leaves the claim Pending until a pod wants it, and the pods come
        # after the claims. A volume that is named is there, or the claim will never be bound.
        patience = {} if claim.volume else {"pulumi.com/skipAwait": "true"}
        k8s.core.v1.PersistentVolumeClaim(
            f"claim-{claim.role}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=claim.name, namespace=self._args.namespace, annotations={**KEEP, **patience}
            ),
            spec=k8s.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=[claim.mode],
                resources=k8s.core.v1.VolumeResourceRequirementsArgs(requests={"storage": claim.size}),
                storage_class_name=claim.storage_class,
                volume_name=claim.volume,
            ),
            # Which volume a class gave is the cluster's to say. A claim that was imported has it among its
            # inputs, and would be replaced for want of it here.
            opts=self._kept(
                deleted_with=self._args.goes_with,
                ignore_changes=None if claim.volume else ["spec.volumeName"],
            ),
        )

    def _volume(self, shared: model.SharedFolder, nfs: model.Nfs) -> pulumi.Output[str]:
        namespace = pulumi.Output.from_input(self._args.namespace)
        volume = k8s.core.v1.PersistentVolume(
            "volume-shared",
            # Volumes belong to the whole cluster. A dot is in neither name, so no two hubs get one name.
            metadata={"name": pulumi.Output.concat(namespace, ".", shared.claim)},
            spec={
                "capacity": {"storage": shared.size},
                "access_modes": [shared.access_mode],
                "persistent_volume_reclaim_policy": "Retain",
                # For this claim alone: any other that asks for as much could take it.
                "claim_ref": {
                    "api_version": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": namespace,
                    "name": shared.claim,
                },
                # Version 4 needs one port, 2049; version 3 asks for a portmapper and more.
                "mount_options": ["nfsvers=4", "hard"],
                "nfs": {"server": nfs.server, "path": nfs.path},
            },
            opts=self._kept(),
        )
        return volume.metadata["name"]

    def _bucket(self, bucket: model.CephS3) -> None:
        k8s.apiextensions.CustomResource(
            "bucket",
            api_version="objectbucket.io/v1alpha1",
            kind="ObjectBucketClaim",
            metadata={
                "name": bucket.claim,
                "namespace": self._args.namespace,
                # User pods read the Secret and the ConfigMap that are there from then on.
                "annotations": {**KEEP, "pulumi.com/waitFor": "jsonpath={.status.phase}=Bound"},
            },
            # Rook adds a random end: the names of buckets are shared by everybody at the gateway.
            spec={"storageClassName": bucket.bucket_class, "generateBucketName": bucket.claim},
            # Rook looks at the class once. An update would be taken, and change nothing.
            opts=self._kept(replace_on_changes=["spec.storageClassName"]),
        )

    def _kept(self, **more: Any) -> pulumi.ResourceOptions:  # noqa: ANN401 -- options, as Pulumi types them
        return pulumi.ResourceOptions(
            parent=self,
            protect=self._args.protection.protect,
            retain_on_delete=self._args.protection.retain,
            # A provider deletes a thing of a fixed name before it makes the new one. Said so, the new one
            # is tried first and refused, since the name is taken; and what holds data stays.
            delete_before_replace=False,
            **more,
        )
