"""`ops why` and the release: broken off, failed, gone, or held up by a hook."""

from __future__ import annotations

from ops.why.judge import judged
from tests.unit.why_facts import (
    facts,
    only,
    revision,
    scaled,
)

SHELL = "kubectl --context embedded -n hub"
HELM = "helm --kube-context embedded -n hub"
SPACE = {"namespaces": [{"metadata": {"name": "hub"}}], "releases": []}


def of_release(*found: object) -> list[str]:
    cause = only(facts(objects=SPACE, revisions=found))
    assert cause.about.kind == "Release"
    return [cause.rule, *cause.commands]


def test_a_broken_off_upgrade_goes_back_to_the_last_good_revision() -> None:
    found = of_release(revision(1, "superseded"), revision(2, "deployed"), revision(3, "pending-upgrade"))
    assert found == [
        "release-pending",
        f"{HELM} rollback jupyterhub 2",
        "pulumi refresh --stack local",
        "pulumi up --stack local",
    ]


def test_a_broken_off_upgrade_to_another_chart_is_forgotten_since_an_older_hub_may_refuse_its_database() -> (
    None
):
    found = of_release(revision(1, "deployed", chart="4.3.0"), revision(2, "pending-upgrade", chart="4.4.0"))
    assert found[1] == f"{SHELL} delete secret sh.helm.release.v1.jupyterhub.v2"


def test_a_broken_off_installation_is_taken_away() -> None:
    found = of_release(revision(1, "pending-install"))
    assert found[1] == f"{HELM} uninstall jupyterhub --wait --cascade foreground"


def test_a_failed_release_is_told_in_helm_s_words_and_one_that_went_well_after_it_is_not() -> None:
    failed = revision(2, "failed", "Upgrade failed: timed out waiting for the condition")
    assert "timed out" in only(facts(objects=SPACE, revisions=[revision(1, "deployed"), failed])).says
    assert judged(facts(objects=SPACE, revisions=[failed, revision(3, "deployed")])) == []


def test_a_namespace_without_a_release_and_a_cluster_without_the_namespace_are_told_apart() -> None:
    assert only(facts(objects=SPACE)).rule == "release-missing"
    assert only(facts(objects={**SPACE, "namespaces": []})).rule == "namespace-missing"


def test_a_part_that_somebody_deleted_is_brought_back_by_the_release_s_own_revision() -> None:
    seen = facts(objects={**SPACE, "deployments": [scaled("hub", 1)]}, revisions=[revision(4, "deployed")])
    cause = only(seen)
    assert (cause.rule, cause.about.name) == ("part-missing", "proxy")
    assert cause.commands[0] == f"{HELM} rollback jupyterhub 4"


def test_a_hub_that_is_scaled_to_none_is_told_with_the_command_that_scales_it() -> None:
    cause = only(facts(objects={"deployments": [scaled("hub", 0), scaled("proxy", 1)]}))
    assert cause.commands == (f"{SHELL} scale deployment/hub --replicas=1",)


def test_a_hook_that_does_not_end_is_explained_by_its_pod() -> None:
    notes = {"helm.sh/hook": "pre-install"}
    job = {
        "metadata": {"name": "hook-image-awaiter", "annotations": notes},
        "status": {"startTime": "2026-11-21T20:00:00Z"},
    }
    daemons = {"metadata": {"name": "hook-image-puller", "annotations": notes}}
    waiting = {"reason": "ImagePullBackOff", "message": "manifest unknown"}
    pod = {
        "metadata": {
            "name": "hook-1",
            "ownerReferences": [{"kind": "DaemonSet", "name": "hook-image-puller"}],
        },
        "status": {
            "phase": "Pending",
            "initContainerStatuses": [{"name": "a", "state": {"waiting": waiting}}],
        },
    }
    assert only(facts(objects={"jobs": [job]})).rule == "hook-hangs"
    (root,) = judged(facts(objects={"jobs": [job], "daemonsets": [daemons], "pods": [pod]}))
    assert root.cause.rule == "image-not-found"
    assert [one.rule for one in root.consequences] == ["hook-hangs"]
