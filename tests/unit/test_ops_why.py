"""`ops why`: faults that a real cluster showed are told with their next command, and what comes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Event, Json, Log, Unseen, at
from ops.why.judge import arranged, judged
from ops.why.person import person
from ops.why.telling import told
from tests.unit.why_facts import NAMES, NOW, READY, also, facts, hub_pod, hub_said, only, recorded, revision


class Told(NamedTuple):
    """What is told of a recorded fault."""

    rule: str
    about: str
    what: str
    command: str


SHELL = "kubectl --context embedded -n hub"
FAULTS = {
    "image-not-found": Told("image-not-found", "Pod", "is not at 127.0.0.1:5055", "pulumi up"),
    "image-unauthorised": Told("image-unauthorised", "Pod", "needs a sign-in at", "bin/ops secrets local"),
    "image-denied": Told("image-denied", "Pod", "is refused by", "bin/ops secrets local"),
    "image-limited": Told("image-limited", "Pod", "too often", "pulumi up"),
    "image-untrusted": Told("image-certificate", "Pod", "certificate the node does not trust", "pulumi up"),
    "image-refused": Told("image-refused", "Pod", "where nobody answers", "bin/ops firewall local"),
    "image-name": Told("image-name-invalid", "Pod", "is no name of an image", "pulumi up"),
    "image-never": Told("image-never", "Pod", "is not on the node", "pulumi up"),
    "no-command": Told("not-started", "Pod", "the image lacks what it shall run", f"{SHELL} logs"),
    "memory": Told("out-of-memory", "Pod", "(64Mi)", "pulumi up"),
    "init-fails": Told("init-crash", "Pod", "init container wait ended with exit code 2", f"{SHELL} logs"),
    "liveness": Told("liveness", "Pod", "its liveness probe fails", f"{SHELL} logs"),
    "probe": Told("not-ready", "Pod", "does not answer its readiness probe", f"{SHELL} logs"),
    "config-missing": Told("object-missing", "ConfigMap platform", "is not there", "pulumi up"),
    "secret-missing": Told("object-missing", "Secret oauth-client", "is not there", "bin/ops secrets local"),
    "mount-secret": Told("object-missing", "Secret jupyterhub-tls", "a pod mounts it", f"{SHELL} get"),
    "key-missing": Told("key-missing", "Secret half", "no key clientSecret", "bin/ops secrets local"),
    "evicted": Told("evicted", "Pod", "the node put the pod out", f"{SHELL} describe"),
    "cpu-too-much": Told("cpu-lacking", "Pod", "asks for 64; the largest node has 2", f"{SHELL} describe"),
    "memory-too-much": Told("memory-lacking", "Pod", "asks for 900Gi; the largest", f"{SHELL} describe"),
    "gpu-too-much": Told("gpu-lacking", "Pod", "asks for 9; the largest node has 2", f"{SHELL} describe"),
    "selector": Told("no-such-node", "Pod", "pool=gpu", f"{SHELL} describe"),
    "claim-missing": Told("claim-missing", "Pod", "the claim claim-nowhere", f"{SHELL} describe"),
    "other-node": Told("volume-elsewhere", "Pod", "where it may not run", f"{SHELL} describe"),
    "hook-image-awaiter": Told(
        "cpu-lacking", "Pod hook-image-awaiter-6ltbv", "asks for 50", f"{SHELL} describe"
    ),
    "class-missing": Told(
        "class-missing", "PersistentVolumeClaim", "no StorageClass ceph-block", f"{SHELL} delete pvc"
    ),
    "no-provisioner": Told(
        "no-provisioner", "PersistentVolumeClaim", "nobody.example.org does not answer", "kubectl"
    ),
    "access-mode": Told(
        "access-mode", "PersistentVolumeClaim", "no volume of ReadWriteMany", f"{SHELL} delete pvc"
    ),
    "quota": Told(
        "quota-full", "ReplicaSet", "asks for limits.memory=2Gi", f"{SHELL} describe resourcequota"
    ),
    "quota-unset": Told("quota-unset", "ReplicaSet", "says limits.memory", f"{SHELL} describe resourcequota"),
    "limits": Told(
        "limit-range",
        "ReplicaSet",
        "maximum memory usage per Container is 2Gi",
        f"{SHELL} describe limitrange",
    ),
    "security": Told("pod-security", "ReplicaSet", "level (restricted) forbids", "kubectl"),
    "webhook": Told("webhook-silent", "ReplicaSet", "policy.example.org does not answer", "kubectl"),
    "account-missing": Told("account-missing", "ReplicaSet", "service account nobody", "pulumi up"),
    "priority": Told("priority-missing", "ReplicaSet", "PriorityClass jupyterhub-core", "kubectl"),
    "crash": Told("crash", "Pod", "ended with exit code 3", f"{SHELL} logs"),
    "namespace-held": Told("namespace-terminating", "Namespace hub", "something holds it", "kubectl"),
}


def test_every_recording_is_judged() -> None:
    assert set(FAULTS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_told_once_with_its_object_its_own_words_and_the_next_command(name: str) -> None:
    expected, cause = FAULTS[name], only(recorded(name))
    assert cause.rule == expected.rule
    assert str(cause.about).startswith(expected.about)
    assert expected.what in cause.what
    assert cause.commands[0].startswith(expected.command)
    assert cause.follows
    assert cause.advice
    assert cause.when
    assert cause.when <= recorded(name).now


def test_the_object_s_own_words_stand_beside_ours() -> None:
    silent = {"class-missing", "crash", "init-fails"}
    for name in set(NAMES) - silent:
        assert only(recorded(name)).says, name
    assert "manifest" not in only(recorded("image-not-found")).what
    assert "not found" in only(recorded("image-not-found")).says


def test_the_last_lines_of_a_container_that_crashed_are_shown() -> None:
    base = recorded("crash")
    pod = str(at(base.all("pods")[0], "metadata.name"))
    cause = only(
        replace(base, logs=[Log(pod, "hub", "starting\nValueError: the port is taken\n", previous=True)])
    )
    assert cause.lines == ("starting", "ValueError: the port is taken")
    assert cause.commands[0].endswith("--previous")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (
            'do request: Head "https://r.example.org/v2/": dial tcp: lookup r.example.org: no such host',
            "image-host-unknown",
        ),
        ("dial tcp 10.0.0.9:443: i/o timeout", "image-timeout"),
        ("http: server gave HTTP response to HTTPS client", "image-plain-http"),
        (
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "image-certificate",
        ),
        ("no match for platform in manifest: not found", "image-not-found"),
        ("write /var/lib/containerd/x: no space left on device", "image-no-space"),
        ("unexpected status from HEAD request: 503 Service Unavailable", "image-registry-fails"),
        ("pull access denied, repository does not exist or may require authorization", "image-unauthorised"),
    ],
)
def test_what_a_registry_says_leads_to_a_remedy_of_its_own(words: str, rule: str) -> None:
    waiting = {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "r.example.org/a:1": ErrImagePull: {words}',
    }
    status = {"name": "a", "state": {"waiting": waiting}}
    pod = {
        "metadata": {"name": "jupyter-ada"},
        "spec": {"containers": [{"name": "a", "image": "r.example.org/a:1"}]},
        "status": {"phase": "Pending", "containerStatuses": [status]},
    }
    assert only(facts(objects={"pods": [pod]})).rule == rule


def waiting_pod(name: str = "jupyter-ada", **status: object) -> Json:
    made = {"name": name, "creationTimestamp": "2026-11-21T20:50:00Z"}
    return {"metadata": made, "status": {"phase": "Pending", **status}}


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("1 node(s) had untolerated taint {hub.jupyter.org/dedicated: user}", "node-tainted"),
        ("1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }", "node-broken"),
        ("3 node(s) were unschedulable", "node-closed"),
        ("2 Too many pods", "pods-many"),
        ("2 node(s) exceed max volume count", "volumes-many"),
        ("1 node(s) had volume node affinity conflict", "volume-elsewhere"),
        ("1 Insufficient ephemeral-storage", "room-lacking"),
        ('persistentvolumeclaim "claim-ada" is being deleted', "claim-leaving"),
        ("1 node(s) didn't satisfy existing pods anti-affinity rules", "apart"),
        ("something new", "unschedulable"),
    ],
)
def test_the_scheduler_s_reasons_are_told_in_plain_words(words: str, rule: str) -> None:
    placed = {"type": "PodScheduled", "status": "False", "message": f"0/3 nodes are available: {words}."}
    cause = only(facts(objects={"pods": [waiting_pod(conditions=[placed])]}))
    assert cause.rule == rule
    assert words in cause.says


@pytest.mark.parametrize(
    ("reason", "words", "rule"),
    [
        (
            "FailedAttachVolume",
            'Multi-Attach error for volume "pvc-1" Volume is already used',
            "multi-attach",
        ),
        ("FailedAttachVolume", "AttachVolume.Attach failed: rpc error: code = Internal", "attach"),
        ("FailedMount", "mount.nfs: access denied by server while mounting 10.0.0.9:/homes", "mount-denied"),
        ("FailedMount", "mount.nfs: Connection timed out", "mount-unreachable"),
        ("FailedMount", "driver name cephfs.csi.ceph.com not found in the list", "mount-no-driver"),
        ("FailedCreatePodSandBox", "plugin type cni failed: no address", "network"),
    ],
)
def test_what_a_node_waits_for_is_told_apart(reason: str, words: str, rule: str) -> None:
    said = Event(Ref("Pod", "jupyter-ada"), reason, words, warning=True, when=NOW, count=4)
    assert only(facts(objects={"pods": [waiting_pod()]}, events=[said])).rule == rule


def test_an_image_on_its_way_is_told_as_such_and_a_pod_that_says_nothing_as_that() -> None:
    said = Event(
        Ref("Pod", "jupyter-ada"), "Pulling", 'Pulling image "big:1"', warning=False, when=NOW, count=1
    )
    assert (
        "still pulling the image big:1" in only(facts(objects={"pods": [waiting_pod()]}, events=[said])).what
    )
    assert only(facts(objects={"pods": [waiting_pod()]})).rule == "stuck"


def test_a_pod_that_was_put_out_long_ago_matters_to_its_user_alone() -> None:
    seen = recorded("evicted")
    later = replace(seen, now=NOW + timedelta(hours=2))
    assert judged(later) == []
    pod = {**seen.all("pods")[0]}
    pod["metadata"] = {**pod["metadata"], "annotations": {"hub.jupyter.org/username": "ada"}}
    assert only(replace(later, objects={"pods": [pod]}, user="ada")).rule == "evicted"


def test_an_image_of_the_settings_is_told_by_its_field() -> None:
    seen = recorded(
        "image-not-found",
        patch={"images": {"notebook": {"name": "127.0.0.1:5055/team/notebook", "tag": "2026.1"}}},
    )
    assert "images.notebook of Pulumi.local.yaml" in only(seen).advice


# What comes of what --------------------------------------------------------------------------------


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


# What does not matter ------------------------------------------------------------------------------


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


# One user's server ---------------------------------------------------------------------------------


def timed_out(user: str) -> str:
    words = "server failed to start in 300 seconds, giving up."
    return f"[W 2026-11-21 21:01:42.000 JupyterHub user:998] {user}'s {words}"


def test_the_pod_is_gone_and_its_events_tell_why_the_server_did_not_start() -> None:
    base = recorded("gpu-too-much")
    events = [replace(one, about=Ref("Pod", "jupyter-ada")) for one in base.events]
    seen = replace(hub_said(timed_out("ada"), user="ada"), events=events, now=base.now)
    (root,) = judged(seen)
    assert root.cause.rule == "gpu-lacking"
    assert [one.about for one in root.consequences] == [Ref("Server", "ada")]


def test_a_name_that_no_pod_can_have_is_known_by_the_claim() -> None:
    base = recorded("image-not-found")
    events = [replace(one, about=Ref("Pod", "jupyter-ada-example-org---4f3a2b1c")) for one in base.events]
    claim = {
        "metadata": {
            "name": "claim-ada-example-org---4f3a2b1c",
            "annotations": {"hub.jupyter.org/username": "ada@example.org"},
        },
        "status": {"phase": "Bound"},
    }
    seen = also(hub_said(timed_out("ada@example.org")), persistentvolumeclaims=[claim])
    (root,) = judged(replace(seen, events=events, now=base.now))
    assert root.cause.rule == "image-not-found"
    assert [one.about for one in root.consequences] == [Ref("Server", "ada@example.org")]


def test_of_others_nothing_is_told_to_whoever_asks_about_one() -> None:
    base = recorded("image-not-found")
    pod = base.all("pods")[0]
    bob = {
        **pod,
        "metadata": {
            **pod["metadata"],
            "name": "jupyter-bob",
            "annotations": {"hub.jupyter.org/username": "bob"},
        },
    }
    seen = replace(base, objects={"pods": [bob, hub_pod()]})
    assert judged(replace(seen, user="ada")) == []
    assert [root.cause.rule for root in judged(replace(seen, user="bob"))] == ["image-not-found"]


def test_a_server_that_started_after_all_is_no_finding() -> None:
    later = "2026-11-21T21:02:00Z [I 2026-11-21 21:02:00.000 JupyterHub base:1] Server ada is ready"
    assert judged(hub_said(timed_out("ada"), later)) == []
    assert [
        root.cause.about for root in judged(hub_said(timed_out("ada"), later.replace("ada", "adam")))
    ] == [Ref("Server", "ada")]


def test_pod_claim_profile_and_groups_of_a_user_are_shown() -> None:
    limits = {"cpu": "2", "memory": str(1024**3)}
    pod = {
        "metadata": {"name": "jupyter-ada", "annotations": {"hub.jupyter.org/username": "ada"}},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "notebook", "resources": {"limits": limits}}],
            "volumes": [{"persistentVolumeClaim": {"claimName": "claim-ada"}}],
        },
        "status": {"phase": "Running", "conditions": READY},
    }
    claim = {
        "metadata": {"name": "claim-ada"},
        "spec": {"storageClassName": "fast"},
        "status": {"phase": "Bound", "capacity": {"storage": "2Gi"}},
    }
    seen = also(hub_said(timed_out("ada"), user="ada"), pods=[pod], persistentvolumeclaims=[claim])
    text = "\n".join(person(seen))
    for words in (
        "jupyter-ada: Running on node-1",
        "claim-ada: Bound, 2Gi, class fast",
        "CPU-only",
        "failed to start",
    ):
        assert words in text


def test_rights_that_are_missing_in_the_own_namespace_are_a_finding_and_elsewhere_are_said() -> None:
    refused = 'pods is forbidden: User "deployer" cannot list resource "pods"'
    seen = facts(unseen=[Unseen("pods", refused, forbidden=True), Unseen("nodes", refused, forbidden=True)])
    cause = only(seen)
    assert cause.rule == "rights"
    assert cause.commands[0].startswith("bin/ops rights --stack local | kubectl")
    assert "nodes" not in cause.what
    assert "Not looked at:  nodes" in "\n".join(line.plain for line in told(judged(seen), seen))
