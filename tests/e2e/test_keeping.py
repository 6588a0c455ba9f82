"""Nothing precious is lost by habit: destroyed, changed, released, adopted, on the running node.

With the embedded providers and the small chart: a claim deleted there is a claim deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chart.values import build
from embedded.paths import CHECKOUT, find
from settings.document import read
from tests.e2e.keeping import Deployment, deployment
from tests.unit.documents import Document

pytestmark = pytest.mark.node

UNPROTECTED: Document = {"protection": {"protect": False}}
KEPT = "/srv/jupyterhub/kept.txt"
# As a hub that Helm installed before us must be described.
BEFORE_US: Document = {
    "hub": {"release": "jhub"},
    "database": {"claim": "hub-db-dir"},
    "namespace": {"serviceAccounts": {"hub": "jupyterhub-hub"}},
}
HOME = """
{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim-ada"},
 "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "local-path",
          "resources": {"requests": {"storage": "100Mi"}}}}
"""


def exported(server: str) -> Document:
    """A shared folder on an NFS export that no pod mounts."""
    shared = {
        "storageClass": None,
        "singleNode": False,
        "accessMode": "ReadWriteMany",
        "nfs": {"server": server, "path": "/export"},
    }
    return {"storage": {"shared": shared}, "hub": {"awaitReady": False}}


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Deployment]:
    made = deployment(tmp_path, "keeping-theirs", find())
    yield made
    made.end()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A stack of ours with protection on, and something in its database's folder."""
    made = deployment(tmp_path_factory.mktemp("keeping"), "keeping-ours", find())
    made.configure({})
    up = made.up()
    assert up.ok, up.text
    remember(made)
    yield made
    made.end()


def remember(made: Deployment) -> None:
    made.kubectl("exec", "deploy/hub", "--", "sh", "-c", f"echo kept > {KEPT}")


def remembers(made: Deployment) -> bool:
    return made.kubectl("exec", "deploy/hub", "--", "cat", KEPT).strip() == "kept"


def claims(made: Deployment) -> dict[str, str]:
    found = json.loads(made.kubectl("get", "pvc", "-o", "json"))["items"]
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in found}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"database": {"storageClass": "another"}}, "marked for protection"),
        ({"database": {"claim": "renamed"}}, "marked for protection"),
        ({"namespace": {"name": "renamed"}}, "marked for protection"),
        ({"hub": {"release": "renamed"}}, "marked for protection"),
        ({"database": {"size": "500Mi"}}, "can not be less than"),
    ],
    ids=["class", "claim renamed", "namespace renamed", "release renamed", "smaller"],
)
def test_a_preview_refuses_what_would_cost_data(ours: Deployment, change: Document, words: str) -> None:
    ours.configure(change)
    told = ours.pulumi("preview")
    assert not told.ok
    assert words in told.text, told.text


def test_destroy_is_refused_while_protection_is_on(ours: Deployment) -> None:
    ours.configure({})
    before = claims(ours)
    assert not ours.pulumi("destroy", "--yes", "--skip-preview").ok
    assert claims(ours) == before
    assert remembers(ours)


def test_without_protection_another_class_still_deletes_nothing(ours: Deployment) -> None:
    before = claims(ours)
    ours.configure(UNPROTECTED)
    assert ours.up().ok
    ours.configure({**UNPROTECTED, "database": {"storageClass": "another"}})
    told = ours.up()
    assert not told.ok
    assert "already exists" in told.text, told.text
    assert claims(ours) == before
    assert remembers(ours)


def test_destroyed_lost_and_adopted_the_claims_are_the_same(ours: Deployment) -> None:
    before, namespace = claims(ours), ours.uid("namespace", ours.namespace)
    ours.configure(UNPROTECTED)
    assert ours.up().ok
    destroyed = ours.pulumi("destroy", "--yes", "--skip-preview")
    assert destroyed.ok, destroyed.text
    assert claims(ours) == before
    ours.begin()  # a state that knows nothing
    ours.configure({})
    assert not ours.up().ok, "made over what is there"
    ours.begin()
    ours.configure({})

    adopted = ours.adopt("--yes", "--json")
    assert adopted.ok, adopted.text
    kinds = sorted(one["kind"] for one in json.loads(adopted.out)["objects"])
    # What the attempt above had made beside them is taken over by the same.
    assert kinds.count("PersistentVolumeClaim") == 2
    assert kinds.count("Namespace") == 1
    up = ours.up()
    assert up.ok, up.text
    assert claims(ours) == before
    assert ours.uid("namespace", ours.namespace) == namespace
    assert remembers(ours)


def test_without_protection_a_renamed_claim_leaves_the_old_one(ours: Deployment) -> None:
    before = claims(ours)
    ours.configure({**UNPROTECTED, "storage": {"shared": {"claim": "renamed"}}})
    up = ours.up()
    assert up.ok, up.text
    after = claims(ours)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"renamed"}
    # Back to the old name: the stack no longer knows the claim, and makes nothing over it.
    ours.configure(UNPROTECTED)
    assert "already exists" in ours.up().text
    assert {name: claims(ours)[name] for name in before} == before
    ours.kubectl("delete", "pvc", "renamed", "--wait=false")


def test_a_running_hub_whose_state_is_lost_is_adopted_whole(ours: Deployment) -> None:
    before, pods = claims(ours), ours.kubectl("get", "deploy", "-o", "jsonpath={.items[*].metadata.uid}")
    before.pop("renamed", None)
    ours.begin()
    ours.configure({})
    adopted = ours.adopt("--yes")
    assert adopted.ok, adopted.text
    up = ours.up()
    assert up.ok, up.text
    after = claims(ours)
    assert {name: after[name] for name in before} == before
    assert ours.kubectl("get", "deploy", "-o", "jsonpath={.items[*].metadata.uid}") == pods
    assert ours.pulumi("preview", "--expect-no-changes").ok
    assert ours.adopt().ok, "nothing is left to adopt"


def test_an_uninstalled_release_leaves_homes_and_database(ours: Deployment) -> None:
    before = claims(ours)
    ours.helm("uninstall", "jupyterhub", "--wait")
    assert claims(ours) == before
    ours.configure({})
    assert ours.pulumi("refresh", "--yes", "--skip-preview").ok
    up = ours.up()
    assert up.ok, up.text
    assert remembers(ours)


def test_an_export_is_bound_and_a_moved_one_is_refused(theirs: Deployment) -> None:
    theirs.configure(exported("nfs.example.org"))
    up = theirs.up()
    assert up.ok, up.text
    try:
        bound = theirs.kubectl("get", "pvc", "shared", "-o", "jsonpath={.spec.volumeName} {.status.phase}")
        assert bound == f"{theirs.namespace}.shared Bound"
        theirs.configure(exported("other.example.org"))
        told = theirs.pulumi("preview")
        assert not told.ok
        assert "marked for protection" in told.text, told.text
    finally:
        theirs.kubectl("delete", "pvc", "shared", "--wait=false", check=False)
        theirs.kubectl("delete", "pv", f"{theirs.namespace}.shared", "--wait=false", check=False)


def installed_by_helm(made: Deployment) -> None:
    """What people have before us: the chart's own claim, account and rights, and a home."""
    document = made.configure(BEFORE_US)
    values = build(read(document, datetime.now(tz=UTC).date()))
    hub, user = values["hub"], values["singleuser"]
    hub["db"] = {"type": "sqlite-pvc", "pvc": {"storage": "1Gi", "storageClassName": "local-path"}}
    hub["serviceAccount"], values["rbac"] = {"create": True}, {"create": True}
    for key in ("extraVolumes", "extraVolumeMounts"):
        hub.pop(key, None)
        user["storage"].pop(key, None)
    file, chart = made.place / "values.yaml", CHECKOUT / document["chart"]["path"]
    file.write_text(json.dumps(values))
    made.helm("install", "jhub", str(chart), "--create-namespace", "--values", str(file), "--wait")
    (made.place / "home.json").write_text(HOME)
    made.kubectl("apply", "--filename", str(made.place / "home.json"))


def test_helm_deletes_a_claim_that_its_chart_no_longer_names(theirs: Deployment) -> None:
    """Why a claim that is adopted is marked before its release is upgraded."""
    installed_by_helm(theirs)
    values = json.loads((theirs.place / "values.yaml").read_text())
    values["hub"]["db"] = {"type": "sqlite-memory"}
    (theirs.place / "other.yaml").write_text(json.dumps(values))
    chart = CHECKOUT / theirs.base["chart"]["path"]
    theirs.helm("upgrade", "jhub", str(chart), "--values", str(theirs.place / "other.yaml"), "--wait")
    left = json.loads(theirs.kubectl("get", "pvc", "-o", "json"))["items"]
    going = {one["metadata"]["name"] for one in left if one["metadata"].get("deletionTimestamp")}
    assert "hub-db-dir" in going | ({"hub-db-dir"} - {one["metadata"]["name"] for one in left})
    assert "claim-ada" in {one["metadata"]["name"] for one in left} - going, "homes are in no manifest"


def test_a_hub_that_helm_installed_is_taken_over_with_homes_and_database(theirs: Deployment) -> None:
    installed_by_helm(theirs)
    remember(theirs)
    before = claims(theirs)
    assert set(before) == {"hub-db-dir", "claim-ada"}

    theirs.configure({"hub": {"release": "jhub"}})  # as if the database were a new one
    refused = theirs.adopt("--yes")
    assert refused.code == 1, refused.text
    assert "hub-db-dir, which the settings do not name" in refused.text
    assert "ServiceAccount keeping-theirs/hub" in refused.text

    theirs.configure(BEFORE_US)
    adopted = theirs.adopt("--yes")
    assert adopted.code == 0, adopted.text
    up = theirs.up()
    assert up.ok, up.text
    after = claims(theirs)
    assert {name: after[name] for name in before} == before
    assert remembers(theirs)
    assert "hub-db-dir" in theirs.kubectl("get", "deploy", "hub", "-o", "yaml")
    assert theirs.pulumi("preview", "--expect-no-changes").ok
