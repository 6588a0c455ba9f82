"""`ops why`: faults that a real cluster showed are told with their next command, and what comes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest

from ops.why.cause import Ref
from ops.why.facts import Event, Json, Log, at
from ops.why.judge import judged
from tests.unit.why_facts import NAMES, NOW, facts, only, recorded


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
