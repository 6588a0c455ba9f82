"""Adopting: a preview says what is wanted, doubts are told, and nothing else is taken."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.adopt import __main__ as command
from ops.adopt import engine
from ops.adopt.cluster import DATABASE_CLAIM, Cluster
from ops.adopt.doubts import Found, doubts
from ops.adopt.engine import Engine, Failed, chart_beside_the_program
from ops.adopt.plan import Plan, Wanted
from ops.helm_record import record
from ops.kubectl import NoAnswer

PREFIX = "urn:pulumi:prod::jupyterhub::"
ROOT = f"{PREFIX}pulumi:pulumi:Stack::jupyterhub-prod"
CLUSTER = f"{PREFIX}pulumi:providers:kubernetes::cluster"
STORAGE = f"{PREFIX}jupyterhub:components:Storage::storage"
HUB = f"{PREFIX}jupyterhub:components:Hub::hub"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
KEEP = {"helm.sh/resource-policy": "keep"}
OWNED = {"meta.helm.sh/release-name": "jhub", "meta.helm.sh/release-namespace": "hub"}
Json = dict[str, Any]


def step(op: str, urn: str, **state: object) -> Json:
    kind = urn.split("::")[2].rpartition("$")[2]
    return {"op": op, "urn": urn, "newState": {"urn": urn, "type": kind, "parent": ROOT, **state}}


def child(parent: str, kind: str, name: str, inputs: Json) -> Json:
    urn = f"{PREFIX}{parent.split('::')[2]}${kind}::{name}"
    return step("create", urn, custom=True, parent=parent, provider=f"{CLUSTER}::some-id", inputs=inputs)


def claim_inputs(**spec: object) -> Json:
    wanted = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "hub", "annotations": KEEP},
        "spec": {**wanted, **spec},
    }


RELEASE_STEP = child(
    HUB, "kubernetes:helm.sh/v3:Release", "release", {"name": "jhub", "namespace": "hub", "chart": "c.tgz"}
)
CLAIM_STEP = child(STORAGE, CLAIM, "claim-data", claim_inputs())
STEPS = [
    step("create", ROOT, parent=""),
    step("create", CLUSTER, custom=True, inputs={"context": "prod", "kubeconfig": "/k", "version": "4.34.2"}),
    step("create", STORAGE),
    step("create", HUB),
    CLAIM_STEP,
    RELEASE_STEP,
    child(
        STORAGE,
        "kubernetes:core/v1:Secret",
        "by-chance",
        {"metadata": {"name": "by-chance-1", "annotations": {"pulumi.com/autonamed": "true"}}},
    ),
    step("create", f"{PREFIX}random:index/randomPassword:RandomPassword::token", custom=True),
]


def known(steps: list[Json], urn: str) -> list[Json]:
    return [{**one, "op": "same"} if one["urn"] == urn else one for one in steps]


def wanted(name: str) -> Wanted:
    return next(one for one in Plan(STEPS).wanted() if one.name == name)


def claim(live: Json | None = None, **spec: object) -> Found:
    """A claim that the settings want, and the live one that differs by what is given."""
    there = {"metadata": {"name": "data"}, "spec": {**claim_inputs()["spec"], **spec}, **(live or {})}
    return Found(wanted("data"), there)


def release(**live: object) -> Found:
    there = {
        "chart": {"metadata": {"name": "jupyterhub", "version": "3.3.7"}},
        "info": {"status": "deployed"},
    }
    return Found(wanted("jhub"), {**there, "config": {}, DATABASE_CLAIM: None, **live})


def said(*found: Found) -> list[tuple[str, str]]:
    return [(one.severity, one.what) for one in doubts(found)]


# What the preview says -----------------------------------------------------------------------------


def test_only_objects_of_the_cluster_with_a_name_of_their_own_are_looked_for() -> None:
    assert [str(one) for one in Plan(STEPS).wanted()] == [
        "PersistentVolumeClaim hub/data",
        "Release hub/jhub",
    ]


def test_what_the_state_has_already_is_not_looked_for() -> None:
    assert Plan(known(STEPS, CLAIM_STEP["urn"])).wanted() == [wanted("jhub")]


def test_the_cluster_is_that_of_the_stack_s_provider_whether_new_or_known() -> None:
    assert Plan(STEPS).context() == ("prod", "/k")
    assert Plan(known(STEPS, CLUSTER)).context() == ("prod", "/k")


def test_an_import_brings_components_and_provider_of_what_is_taken_and_no_others() -> None:
    file = Plan(STEPS).import_file([wanted("data")])
    component, taken = file["resources"]
    assert component == {
        "type": "jupyterhub:components:Storage",
        "name": component["name"],
        "logicalName": "storage",
        "component": True,
    }
    assert taken["id"] == "hub/data"
    assert taken["logicalName"] == "claim-data"
    assert taken["parent"] == component["name"]
    assert file["nameTable"] == {taken["provider"]: CLUSTER}
    assert file["providerInputs"][taken["provider"]]["context"] == "prod"


def test_components_and_provider_that_the_state_has_are_named_and_not_made_again() -> None:
    file = Plan(known(known(STEPS, CLUSTER), STORAGE)).import_file([wanted("data")])
    (taken,) = file["resources"]
    assert file["nameTable"] == {taken["provider"]: CLUSTER, taken["parent"]: STORAGE}
    assert file["providerInputs"] == {}


def test_replacements_and_deletions_are_harm_and_updates_are_none() -> None:
    for op, harmful in (("update", False), ("same", False), ("replace", True), ("delete-replaced", True)):
        assert bool(Plan([{**CLAIM_STEP, "op": op}]).harm()) is harmful
    assert Plan([{**CLAIM_STEP, "op": "delete"}]).harm() == ["delete PersistentVolumeClaim-claim-data"]


# What stands against it ----------------------------------------------------------------------------


def test_what_is_the_same_stands_for_itself() -> None:
    assert said(claim(), release()) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (claim(storageClassName="slow"), "spec.storageClassName is slow, the settings want fast"),
        (claim(accessModes=["ReadWriteMany"]), "spec.accessModes is ['ReadWriteMany']"),
        (claim(resources={"requests": {"storage": "2Gi"}}), "it asks for 2Gi, the settings for 1Gi"),
        (claim({"metadata": {"deletionTimestamp": "2026-11-21T00:00:00Z"}}), "it is being deleted"),
        (
            claim({"metadata": {"annotations": {**OWNED, "meta.helm.sh/release-name": "other"}}}),
            "it belongs to the Helm release hub/other",
        ),
        (
            claim({"metadata": {"managedFields": [{"manager": "argocd-controller"}]}}),
            "kept by argocd-controller",
        ),
        (
            claim({"metadata": {"managedFields": [{"manager": "somebody", "operation": "Apply"}]}}),
            "kept by somebody",
        ),
        (release(chart={"metadata": {"name": "umbrella"}}), "a release of the chart umbrella"),
        (release(info={"status": "pending-upgrade"}), "its last revision is pending-upgrade"),
        (release(**{DATABASE_CLAIM: {"metadata": {}}}), "the chart's own claim, hub-db-dir"),
    ],
)
def test_what_would_cost_data_or_owners_is_an_error(found: Found, words: str) -> None:
    (told,) = said(found)
    assert told[0] == "error"
    assert words in told[1]


def test_the_volume_that_a_class_gave_and_a_claim_that_grows_are_fine() -> None:
    assert said(claim(volumeName="pvc-1", resources={"requests": {"storage": "512Mi"}})) == []


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "helm", "pulumi-kubernetes-1a2b", "kube-x"])
def test_people_s_tools_and_the_cluster_s_own_parts_keep_nothing(manager: str) -> None:
    assert said(claim({"metadata": {"managedFields": [{"manager": manager, "operation": "Apply"}]}})) == []


def test_what_helm_made_is_safe_with_its_release_only_if_helm_is_told_to_keep_it() -> None:
    ours = claim({"metadata": {"annotations": OWNED}})
    assert said(ours, release()) == []
    bare = {**claim_inputs(), "metadata": {"name": "data", "namespace": "hub"}}
    unkept = Found(Wanted(ours.wanted.urn, CLAIM, bare, CLUSTER), ours.live)
    ((severity, what),) = said(unkept, release())
    assert severity == "error"
    assert "deletes it once its chart no longer names it" in what


def test_the_chart_s_database_is_safe_when_adopted_or_marked_by_hand() -> None:
    marked = {"metadata": {"annotations": KEEP}}
    assert said(release(**{DATABASE_CLAIM: marked})) == []
    inputs = {**claim_inputs(), "metadata": {"name": DATABASE_CLAIM, "namespace": "hub", "annotations": KEEP}}
    adopted = Found(Wanted("urn", CLAIM, inputs, CLUSTER), claim().live)
    assert said(release(**{DATABASE_CLAIM: {"metadata": {}}}), adopted) == []


def test_homes_under_other_names_are_pointed_at() -> None:
    told = said(
        release(config={"singleuser": {"storage": {"dynamic": {"pvcNameTemplate": "home-{username}"}}}})
    )
    assert told == [
        ("warning", "singleuser.storage.dynamic.pvcNameTemplate was home-{username}, and will be nothing.")
    ]


# The cluster, the engine, the command --------------------------------------------------------------


def pretend(place: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = place / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")


def test_helm_s_own_record_is_read() -> None:
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps({"name": "jhub"}).encode()))).decode()
    assert record(packed) == {"name": "jhub"}


def test_an_unreachable_cluster_is_no_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, "kubectl", "echo 'connection refused' >&2; exit 1", monkeypatch)
    with pytest.raises(NoAnswer, match="connection refused"):
        Cluster("prod", "").find(wanted("data"))


def test_a_kind_that_the_cluster_does_not_know_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, "kubectl", 'echo "the server doesn\'t have a resource type" >&2; exit 1', monkeypatch)
    assert Cluster("prod", "").find(wanted("data")) is None


def test_kubectl_only_looks_in_the_stack_s_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, "kubectl", f'echo "$KUBECONFIG" "$@" >> {tmp_path}/asked', monkeypatch)
    Cluster("prod", "/k").find(wanted("data"))
    Cluster("prod", "/k").find(wanted("jhub"))
    for line in (tmp_path / "asked").read_text().splitlines():
        words = line.split()
        assert {"/k", "get", "--context", "prod"} <= set(words), line


def test_a_preview_that_fails_ends_in_the_engine_s_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.dumps({"diagnostics": [{"severity": "error", "message": "no secrets are set"}]})
    pretend(tmp_path, "pulumi", f"echo '{told}'; exit 1", monkeypatch)
    with pytest.raises(Failed, match="no secrets are set"):
        Engine("prod", None).plan()


def test_a_release_s_chart_lies_beside_the_program_for_the_import_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PROJECT", tmp_path)
    (tmp_path / "c.tgz").write_text("chart")
    with chart_beside_the_program("c.tgz", "jupyterhub", "3.3.7"):
        assert (tmp_path / "jupyterhub-3.3.7.tgz").read_text() == "chart"
    assert [one.name for one in tmp_path.iterdir()] == ["c.tgz"]


def run(
    monkeypatch: pytest.MonkeyPatch, live: Mapping[str, Any] | None, *words: str, after: str = "same"
) -> tuple[int, Json, list[Any]]:
    """Run the command with one claim that is there as given, and a second preview that says `after`."""
    plans, taken = [Plan(STEPS), Plan([{**CLAIM_STEP, "op": after}])], []
    monkeypatch.setattr(Engine, "plan", lambda self: plans.pop(0))
    monkeypatch.setattr(Engine, "take", lambda self, file, protect: taken.append((file, protect)))
    monkeypatch.setattr(Cluster, "find", lambda self, one: live if one.name == "data" else None)
    result = CliRunner().invoke(command.app, ["--stack", "prod", "--json", *words])
    return result.exit_code, json.loads(result.stdout), taken


def test_without_yes_nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    code, told, taken = run(monkeypatch, claim().live)
    assert (code, taken) == (0, [])
    assert [one["id"] for one in told["objects"]] == ["hub/data"]


def test_with_yes_what_is_there_is_imported_and_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, ((file, protect),) = run(monkeypatch, claim().live, "--yes")
    assert code == 0
    assert protect is True
    assert [one["id"] for one in file["resources"] if "id" in one] == ["hub/data"]


def test_an_error_stops_before_anything_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    code, told, taken = run(monkeypatch, claim(storageClassName="slow").live, "--yes")
    assert (code, taken) == (1, [])
    assert told["against"][0]["remedy"].startswith("Write slow into the settings")


def test_what_a_deployment_would_still_replace_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    code, told, _ = run(monkeypatch, claim().live, "--yes", after="replace")
    assert code == 3
    assert told["harm"] == ["replace PersistentVolumeClaim-claim-data"]


def test_an_empty_cluster_has_nothing_to_adopt(monkeypatch: pytest.MonkeyPatch) -> None:
    code, told, taken = run(monkeypatch, None, "--yes")
    assert (code, told["objects"], taken) == (0, [], [])


def test_a_failing_engine_is_told_apart_from_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Engine) -> Plan:
        raise Failed("no such stack")

    monkeypatch.setattr(Engine, "plan", broken)
    result = CliRunner().invoke(command.app, ["--stack", "prod", "--json"])
    assert result.exit_code == 2
    assert "no such stack" in json.loads(result.stdout)["says"]
