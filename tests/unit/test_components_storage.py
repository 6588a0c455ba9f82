"""What holds data: how it is found, what protects it, and that no change deletes it first."""

from __future__ import annotations

import pulumi
import pytest

from components.storage import Storage, StorageArgs
from tests.unit.documents import Document, settings, settings_of
from tests.unit.recorder import Recorder, run

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
VOLUME = "kubernetes:core/v1:PersistentVolume"
BUCKET = "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim"
EXPORT = {"server": "nfs.example.org", "path": "/export/shared"}
NFS: Document = {
    "storage": {"shared": {"storageClass": None, "accessMode": "ReadWriteMany", "nfs": EXPORT, "size": "1Ti"}}
}
BY_OTHERS: Document = {"storage": {"shared": {"nfs": {"volume": "team.shared"}}}}
S3: Document = {
    "storage": {
        "objectStore": {
            "kind": "cephS3",
            "bucketClass": "ceph-buckets",
            "claim": "team-bucket",
            "endpoint": "https://s3.example.org",
            "reach": {"cidrs": ["192.0.2.0/28"]},
        }
    }
}


def made(*patches: Document, stack: str = "local") -> Recorder:
    """Run the component alone, in the namespace `theirs`."""
    document: Document = {}
    for patch in patches:
        document = _joined(document, patch)
    known = settings(document) if stack == "local" else settings_of(stack, document)

    def program() -> None:
        args = StorageArgs(
            namespace=pulumi.Output.from_input("theirs"),
            storage=known.storage,
            database=known.database,
            protection=known.protection,
            goes_with=None,
        )
        Storage("storage", args)

    return run(program)[0]


def _joined(one: Document, other: Document) -> Document:
    result = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _joined(result[key], value) if both else value
    return result


def test_an_export_becomes_a_volume_for_one_claim_alone() -> None:
    recorder = made(NFS)
    volume, claim = recorder.one(VOLUME).plain(), recorder.one(CLAIM, "claim-shared").plain()
    assert volume["metadata"]["name"] == "theirs.shared"
    assert volume["spec"]["nfs"] == EXPORT
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["spec"]["claimRef"]["namespace"] == "theirs"
    assert volume["spec"]["claimRef"]["name"] == claim["metadata"]["name"]
    assert claim["spec"]["volumeName"] == "theirs.shared"
    assert claim["spec"]["accessModes"] == volume["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["spec"]["resources"]["requests"]["storage"] == volume["spec"]["capacity"]["storage"] == "1Ti"


def test_the_cluster_s_default_class_makes_no_volume_beside_the_export() -> None:
    for recorder in (made(NFS), made(NFS, BY_OTHERS)):
        assert recorder.one(CLAIM, "claim-shared").plain()["spec"]["storageClassName"] == ""


def test_two_hubs_never_mean_one_volume() -> None:
    # Neither a namespace nor a claim has a dot, so the name says which is which.
    assert made(NFS).one(VOLUME).plain()["metadata"]["name"].count(".") == 1


def test_a_volume_of_others_is_bound_and_not_made() -> None:
    recorder = made(NFS, BY_OTHERS)
    assert recorder.of(VOLUME) == []
    assert recorder.one(CLAIM, "claim-shared").plain()["spec"]["volumeName"] == "team.shared"


def test_a_claim_of_a_named_volume_is_awaited_and_others_are_not() -> None:
    awaited = {
        claim.name: "pulumi.com/skipAwait" not in claim.plain()["metadata"]["annotations"]
        for claim in made(NFS).of(CLAIM)
    }
    assert awaited == {"claim-database": False, "claim-shared": True}


def test_a_bucket_is_claimed_and_awaited() -> None:
    asked = made(S3).one(BUCKET).plain()
    assert asked["metadata"]["name"] == "team-bucket"
    assert asked["metadata"]["namespace"] == "theirs"
    assert asked["metadata"]["annotations"]["pulumi.com/waitFor"] == "jsonpath={.status.phase}=Bound"
    assert asked["spec"] == {"storageClassName": "ceph-buckets", "generateBucketName": "team-bucket"}


def test_another_class_of_buckets_is_a_replacement_and_no_idle_update() -> None:
    assert made(S3).one(BUCKET).replace_on_changes == ("spec.storageClassName",)


@pytest.mark.parametrize("protect", [True, False])
@pytest.mark.parametrize("retain", [True, False])
def test_whatever_holds_data_is_kept_as_the_settings_say(protect: bool, retain: bool) -> None:
    recorder = made(NFS, S3, {"protection": {"protect": protect, "retain": retain}})
    kept = [asked for asked in recorder.requests.values() if asked.custom]
    assert {asked.type for asked in kept} == {CLAIM, VOLUME, BUCKET}
    assert {(asked.protect, asked.retain) for asked in kept} == {(protect, retain)}


def test_nothing_is_deleted_to_make_room_for_its_replacement() -> None:
    kept = [asked for asked in made(NFS, S3).requests.values() if asked.custom]
    assert len(kept) == 4
    for asked in kept:
        assert asked.delete_before_replace is False, asked.urn


def test_helm_keeps_a_claim_that_its_release_no_longer_names() -> None:
    recorder = made(NFS, S3)
    for asked in [*recorder.of(CLAIM), *recorder.of(BUCKET)]:
        assert asked.plain()["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep", asked.urn


def test_the_volume_that_a_class_gave_is_no_difference() -> None:
    ignored = {claim.name: claim.ignore_changes for claim in made(NFS).of(CLAIM)}
    assert ignored == {"claim-database": ("spec.volumeName",), "claim-shared": ()}
    assert made().one(CLAIM, "claim-shared").ignore_changes == ("spec.volumeName",)


def test_production_keeps_its_bucket_and_its_shared_folder() -> None:
    recorder = made(stack="aiv-prod")
    assert {asked.name for asked in recorder.requests.values() if asked.custom} == {"claim-shared", "bucket"}
    assert all(asked.protect and asked.retain for asked in recorder.requests.values() if asked.custom)
