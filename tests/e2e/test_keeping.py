"""Nothing precious is lost by habit: destroyed, changed, released, adopted, on the running node.

With the embedded providers and the small chart: a claim deleted there is a claim deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chart.values import build
from embedded.paths import CHECKOUT, find
from settings.document import read
from tests.e2e.keeping import OURS, Deployment, deployment
from tests.e2e.kept_home import KeptHome
from tests.unit.documents import Document, patched

pytestmark = pytest.mark.node

UNPROTECTED: Document = {"protection": {"protect": False}}
KEPT = "/srv/jupyterhub/kept.txt"
# As a hub that Helm installed before us must be described.
BEFORE_US: Document = {
    "hub": {"release": "jhub"},
    "database": {"claim": "hub-db-dir"},
    "namespace": {"serviceAccounts": {"hub": "jupyterhub-hub"}},
}
LARGER = '{"spec": {"resources": {"requests": {"storage": "9Gi"}}}}'
HOME = """
{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim-ada"},
 "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "local-path",
          "resources": {"requests": {"storage": "100Mi"}}}}
"""


# The shared folder is an export that no pod mounts: nobody is given it.
ON_AN_EXPORT: Document = {
    "storage": {
        "shared": {
            "storageClass": None,
            "singleNode": False,
            "accessMode": "ReadWriteMany",
            "nfs": {"server": "nfs.example.org", "path": "/export"},
        }
    },
    "capabilities": {"everyone": {"profiles": ["all"], "sharedFolder": "none"}},
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A hub that Helm installed, and that knows nothing of us."""
    made = deployment(tmp_path_factory.mktemp("theirs"), "keeping-theirs", find())
    yield made
    made.end()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A stack of ours with protection on, and something in its database's folder."""
    made = deployment(tmp_path_factory.mktemp("keeping"), "keeping-ours", find())
    configure(made)
    up = made.up()
    assert up.ok, up.text
    remember(made)
    yield made
    made.kubectl("delete", "pvc", "shared", "--wait=false", check=False)
    made.kubectl("delete", "pv", f"{made.namespace}.shared", "--wait=false", check=False)
    made.end()


@pytest.fixture(scope="module")
def ada(ours: Deployment) -> KeptHome:
    return KeptHome(ours, "ada")


@pytest.fixture(scope="module")
def files(ada: KeptHome) -> dict[str, Any]:
    """What somebody wrote into their home, from a server of theirs that runs on."""
    ada.start()
    ada.write()
    return {"volume": ada.volume, "files": ada.look()}


def configure(made: Deployment, *patches: Document) -> None:
    whole = ON_AN_EXPORT
    for patch in patches:
        whole = patched(whole, patch)
    made.configure(whole)


def remember(made: Deployment) -> None:
    made.kubectl("exec", "deploy/hub", "--", "sh", "-c", f"echo kept > {KEPT}")


def remembers(made: Deployment) -> bool:
    return made.kubectl("exec", "deploy/hub", "--", "cat", KEPT).strip() == "kept"


def growing(namespace: str, name: str, owner: str) -> list[Document]:
    """A class that lets volumes grow, and somebody's home in it."""
    mine: Document = {"labels": {OURS: namespace}}
    claimed = {"accessModes": ["ReadWriteOnce"], "storageClassName": name}
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name, **mine},
            "provisioner": "example.org/nobody",
            "allowVolumeExpansion": True,
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, **mine},
            "spec": {
                **claimed,
                "capacity": {"storage": "1Gi"},
                "hostPath": {"path": f"/nowhere/{name}"},
                "claimRef": {"namespace": namespace, "name": f"claim-{owner}"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": f"claim-{owner}",
                "labels": {"component": "singleuser-storage"},
                "annotations": {"hub.jupyter.org/username": owner},
            },
            "spec": {**claimed, "volumeName": name, "resources": {"requests": {"storage": "1Gi"}}},
        },
    ]


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
        ({"storage": {"shared": {"nfs": {"server": "other.example.org"}}}}, "marked for protection"),
    ],
    ids=["class", "claim renamed", "namespace renamed", "release renamed", "smaller", "export moved"],
)
def test_a_preview_refuses_what_would_cost_data(ours: Deployment, change: Document, words: str) -> None:
    configure(ours, change)
    told = ours.pulumi("preview")
    assert not told.ok
    assert words in told.text, told.text


def test_a_claim_of_an_export_is_bound_to_it(ours: Deployment) -> None:
    bound = ours.kubectl("get", "pvc", "shared", "-o", "jsonpath={.spec.volumeName} {.status.phase}")
    assert bound == f"{ours.namespace}.shared Bound"


def test_destroy_is_refused_while_protection_is_on(ours: Deployment) -> None:
    configure(ours)
    before = claims(ours)
    assert not ours.pulumi("destroy", "--yes", "--skip-preview").ok
    assert claims(ours) == before
    assert remembers(ours)


def test_a_home_outlives_its_server_and_its_user(ada: KeptHome, files: dict[str, Any]) -> None:
    """Stopped, deleted by an administrator, back under the same name: byte for byte, on the same volume."""
    ada.stop()
    ada.delete_user()
    assert ada.volume == files["volume"]
    assert ada.seen_anew() == files["files"]
    assert ada.volume == files["volume"]


def test_a_home_outlives_the_release(ours: Deployment, ada: KeptHome, files: dict[str, Any]) -> None:
    before = claims(ours)
    ours.helm("uninstall", "jupyterhub", "--wait")
    assert claims(ours) == before
    assert not ours.kubectl("get", "deploy", "-o", "name")
    configure(ours, UNPROTECTED)
    assert ours.pulumi("refresh", "--yes", "--skip-preview").ok
    up = ours.up()
    assert up.ok, up.text
    assert remembers(ours)
    assert ada.seen_anew() == files["files"]
    assert ada.volume == files["volume"]


def test_without_protection_another_class_still_deletes_nothing(ours: Deployment) -> None:
    """The stack is unprotected since it was installed again."""
    before = claims(ours)
    configure(ours, UNPROTECTED, {"database": {"storageClass": "another"}})
    told = ours.up()
    assert not told.ok
    assert "already exists" in told.text, told.text
    assert claims(ours) == before
    assert remembers(ours)


def test_destroyed_lost_and_adopted_the_claims_are_the_same(
    ours: Deployment, ada: KeptHome, files: dict[str, Any]
) -> None:
    before, namespace = claims(ours), ours.uid("namespace", ours.namespace)
    configure(ours, UNPROTECTED)
    destroyed = ours.pulumi("destroy", "--yes", "--skip-preview")
    assert destroyed.ok, destroyed.text
    assert claims(ours) == before
    ours.begin()  # a state that knows nothing
    configure(ours)
    assert not ours.up().ok, "made over what is there"
    ours.begin()
    configure(ours, UNPROTECTED)

    adopted = ours.adopt("--yes", "--json")
    assert adopted.ok, adopted.text
    kinds = sorted(one["kind"] for one in json.loads(adopted.out)["objects"])
    # What the attempt above had made beside them is taken over by the same.
    assert kinds.count("PersistentVolumeClaim") == 2
    assert kinds.count("PersistentVolume") == 1
    assert kinds.count("Namespace") == 1
    up = ours.up()
    assert up.ok, up.text
    assert claims(ours) == before
    assert ours.uid("namespace", ours.namespace) == namespace
    assert remembers(ours)
    assert ada.seen_anew() == files["files"], "a home is not what it was before the stack was destroyed"
    assert ada.volume == files["volume"]


def test_without_protection_a_renamed_claim_leaves_the_old_one(ours: Deployment) -> None:
    before = claims(ours)
    renamed = {"claim": "renamed", "storageClass": "local-path", "singleNode": True, "nfs": None}
    renamed["accessMode"] = "ReadWriteOnce"
    configure(ours, UNPROTECTED, {"storage": {"shared": renamed}})
    up = ours.up()
    assert up.ok, up.text
    after = claims(ours)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"renamed"}
    # Back to the old name: the stack no longer knows the claim, and makes nothing over it.
    configure(ours, UNPROTECTED)
    assert "already exists" in ours.up().text
    assert {name: claims(ours)[name] for name in before} == before
    ours.kubectl("delete", "pvc", "renamed", "--wait=false")


def test_a_running_hub_whose_state_is_lost_is_adopted_whole(ours: Deployment) -> None:
    before, pods = claims(ours), ours.kubectl("get", "deploy", "-o", "jsonpath={.items[*].metadata.uid}")
    before.pop("renamed", None)
    ours.begin()
    configure(ours)
    adopted = ours.adopt("--yes")
    assert adopted.ok, adopted.text
    up = ours.up()
    assert up.ok, up.text
    after = claims(ours)
    assert {name: after[name] for name in before} == before
    assert ours.kubectl("get", "deploy", "-o", "jsonpath={.items[*].metadata.uid}") == pods
    assert ours.pulumi("preview", "--expect-no-changes").ok
    assert ours.adopt().ok, "nothing is left to adopt"


def test_homes_grow_where_their_class_lets_them(ours: Deployment, ada: KeptHome) -> None:
    """By the API server's own admission: what a class does not allow, it refuses."""
    name = f"grows-{ours.namespace}"
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": growing(ours.namespace, name, "grace")})
    (ours.place / "growing.json").write_text(given)
    ours.kubectl("apply", "--filename", str(ours.place / "growing.json"))
    ours.kubectl("wait", "pvc/claim-grace", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s")
    named = {"anyName": False, "users": ["ada", "grace"], "groups": {"large": ["grace"]}}
    groups = {"auth": named, "capabilities": {"large": {"home": "3Gi"}}}
    configure(ours, {"storage": {"homes": {"size": "2500Mi"}}}, groups)
    done = ours.grow_homes("--apply")
    assert done.code == 1, done.text
    homes = {one["owner"]: one for one in json.loads(done.out)["homes"]}
    assert homes["grace"]["what"] == "was told to grow", done.text
    assert homes["ada"]["what"] == "cannot grow"
    assert homes["ada"]["wanted"] == "2500Mi"
    asked = ours.kubectl("get", "pvc", "claim-grace", "-o", "jsonpath={.spec.resources.requests.storage}")
    assert asked == "3Gi"
    # Nobody here makes volumes larger, and the command does not say that somebody did.
    again = {one["owner"]: one["what"] for one in json.loads(ours.grow_homes().out)["homes"]}
    assert again["grace"] == "was told to grow, and has not yet"
    told = ours.kubectl("patch", "pvc", ada.claim, "-p", LARGER, check=False)
    assert "only dynamically provisioned pvc can be resized" in told, told


def installed_by_helm(made: Deployment, *more: str) -> None:
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
    made.helm("install", "jhub", str(chart), "--create-namespace", "--values", str(file), *more)
    (made.place / "home.json").write_text(HOME)
    made.kubectl("apply", "--filename", str(made.place / "home.json"))


def test_helm_deletes_a_claim_that_its_chart_no_longer_names(theirs: Deployment) -> None:
    """Why a claim that is adopted is marked before its release is upgraded."""
    installed_by_helm(theirs)  # no pod is waited for: it is Helm that deletes
    values = json.loads((theirs.place / "values.yaml").read_text())
    values["hub"]["db"] = {"type": "sqlite-memory"}
    (theirs.place / "other.yaml").write_text(json.dumps(values))
    chart = CHECKOUT / theirs.base["chart"]["path"]
    theirs.helm("upgrade", "jhub", str(chart), "--values", str(theirs.place / "other.yaml"))
    left = json.loads(theirs.kubectl("get", "pvc", "-o", "json"))["items"]
    going = {one["metadata"]["name"] for one in left if one["metadata"].get("deletionTimestamp")}
    assert "hub-db-dir" in going | ({"hub-db-dir"} - {one["metadata"]["name"] for one in left})
    assert "claim-ada" in {one["metadata"]["name"] for one in left} - going, "homes are in no manifest"
    theirs.helm("uninstall", "jhub", "--wait")
    theirs.kubectl("delete", "pvc", "--all")


def test_a_hub_that_helm_installed_is_taken_over_with_homes_and_database(theirs: Deployment) -> None:
    installed_by_helm(theirs, "--wait")
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
