"""`ops why`: what comes of what, what comes first, and what does not matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Event, Json
from ops.why.judge import arranged, judged
from ops.why.telling import told
from tests.unit.why_facts import NOW, also, facts, hub_said, recorded, revision


def deployed(name: str, **status: int) -> Json:
    conditions = [{"type": "Available", "status": "False", "lastTransitionTime": "2026-11-21T20:00:00Z"}]
    return {
        "metadata": {"name": name, "annotations": {"meta.helm.sh/release-name": "jupyterhub"}},
        "spec": {"replicas": 1},
        "status": {"conditions": conditions, **status},
    }


def of_replicaset(pod: Json, name: str) -> Json:
    owner = [{"kind": "ReplicaSet", "name": name}]
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": owner}}


def test_an_image_that_does_not_come_explains_deployment_and_release_below_it() -> None:
    base = recorded("image-not-found")
    replicaset = {"metadata": {"name": "hub-1", "ownerReferences": [{"kind": "Deployment", "name": "hub"}]}}
    seen = also(
        replace(base, objects={"pods": [of_replicaset(base.all("pods")[0], "hub-1")]}),
        replicasets=[replicaset],
        deployments=[deployed("hub")],
        releases=[],
    )
    failed = replace(seen, revisions=[revision(2, "failed", "timed out waiting for the condition")])
    (root,) = judged(failed)
    assert root.cause.rule == "image-not-found"
    assert {str(one.about) for one in root.consequences} == {"Deployment hub", "Release jupyterhub"}
    text = "\n".join(line.plain for line in told([root], failed))
    assert text.index("What to do:") < text.index("Comes of it:") < text.index("Deployment hub: 0 of 1 pods")


def test_a_release_that_is_pending_wants_its_own_step_beside_the_image_that_held_it_up() -> None:
    base = recorded("image-not-found")
    pod = of_replicaset(base.all("pods")[0], "hub-1")
    replicaset = {"metadata": {"name": "hub-1", "annotations": {"meta.helm.sh/release-name": "jupyterhub"}}}
    seen = replace(base, objects={"pods": [pod], "replicasets": [replicaset], "releases": []})
    roots = judged(replace(seen, revisions=[revision(1, "pending-install")]))
    assert [root.cause.rule for root in roots] == ["release-pending", "image-not-found"]


def test_a_secret_that_is_missing_explains_the_part_whose_pod_reads_it() -> None:
    base = recorded("secret-missing")
    pod = of_replicaset(base.all("pods")[0], "hub-1")
    replicaset = {"metadata": {"name": "hub-1", "ownerReferences": [{"kind": "Deployment", "name": "hub"}]}}
    seen = also(
        replace(base, objects={"pods": [pod]}), replicasets=[replicaset], deployments=[deployed("hub")]
    )
    (root,) = judged(seen)
    assert root.cause.about == Ref("Secret", "oauth-client")
    assert [one.about for one in root.consequences] == [Ref("Deployment", "hub")]


def test_a_node_that_is_gone_explains_its_pods_and_stands_before_them() -> None:
    base = recorded("probe")
    node = {
        "metadata": {"name": "node-1"},
        "status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]},
    }
    (root,) = judged(also(base, nodes=[node]))
    assert root.cause.rule == "node-not-ready"
    assert [one.rule for one in root.consequences] == ["not-ready"]


def test_what_stops_every_deployment_comes_first_and_users_last() -> None:
    def of(weight: Weight, name: str) -> Cause:
        return Cause(rule=name, about=Ref("Pod", name), what=name, follows="", advice="", weight=weight)

    found = arranged(
        [of(Weight.USER, "d"), of(Weight.CORE, "c"), of(Weight.NODE, "b"), of(Weight.BLOCKS, "a")], {}
    )
    assert [root.cause.rule for root in found] == ["a", "b", "c", "d"]


def test_a_namespace_on_its_way_out_explains_all_that_is_in_it() -> None:
    held = recorded("namespace-held")
    pods = recorded("image-not-found")
    (root,) = judged(replace(pods, objects={**pods.objects, **held.objects}))
    assert root.cause.rule == "namespace-terminating"
    assert [one.rule for one in root.consequences] == ["image-not-found"]


def test_what_is_true_of_several_pods_is_told_once() -> None:
    base = recorded("image-not-found")
    pod = base.all("pods")[0]
    twin = {**pod, "metadata": {**pod["metadata"], "name": "jupyter-bob"}}
    (root,) = judged(also(base, pods=[twin]))
    assert [one.name for one in root.cause.abouts] == ["image-not-found", "jupyter-bob"]


def test_a_hub_that_is_well_gives_nothing_whatever_was_said_before() -> None:
    old = Event(Ref("Pod", "hub-1"), "Unhealthy", "Readiness probe failed", warning=True, when=NOW, count=3)
    gone = Event(Ref("Pod", "jupyter-bob"), "FailedScheduling", "0/1 nodes", warning=True, when=NOW, count=3)
    seen = replace(hub_said("[I 2026-11-21 21:01:42.000 JupyterHub app:1] fine"), events=[old, gone])
    assert judged(seen) == []


def test_a_pod_of_a_moment_ago_is_given_time() -> None:
    base = recorded("probe")
    just = NOW - timedelta(seconds=70)
    assert judged(replace(base, now=just)) == []


def test_what_was_said_of_an_earlier_pod_of_the_same_name_is_left_out() -> None:
    pod = {
        "metadata": {"name": "jupyter-ada", "creationTimestamp": "2026-11-21T21:02:40Z"},
        "status": {"phase": "Pending", "startTime": "2026-11-21T21:02:40Z"},
    }
    before = Event(
        Ref("Pod", "jupyter-ada"),
        "FailedMount",
        "MountVolume failed",
        warning=True,
        when=NOW - timedelta(minutes=2),
        count=1,
    )
    assert judged(facts(objects={"pods": [pod]}, events=[before])) == []
    (root,) = judged(facts(objects={"pods": [pod]}, events=[replace(before, when=NOW)]))
    assert root.cause.rule == "mount"


def test_a_claim_that_nobody_mounts_yet_waits_and_is_well() -> None:
    claim = {
        "metadata": {"name": "shared", "creationTimestamp": "2026-11-21T18:00:00Z"},
        "spec": {"storageClassName": "local-path", "accessModes": ["ReadWriteOnce"]},
        "status": {"phase": "Pending"},
    }
    first = Event(
        Ref("PersistentVolumeClaim", "shared"),
        "WaitForFirstConsumer",
        "waiting",
        warning=False,
        when=NOW,
        count=9,
    )
    known = {"metadata": {"name": "local-path"}, "provisioner": "rancher.io/local-path"}
    seen = facts(objects={"persistentvolumeclaims": [claim], "storageclasses": [known]}, events=[first])
    assert judged(seen) == []
