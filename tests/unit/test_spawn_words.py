"""What the cluster says of a server that does not start, as the person who waits for it reads it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.unit.documents import PROJECT

sys.path.insert(0, str(PROJECT / "files" / "hub"))
import spawn_words as words

NO_VICTIMS = (
    " no new claims to deallocate, preemption: 0/3 nodes are available: "
    "3 No preemption victims found for incoming pod."
)
NOT_HELPFUL = " preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."

# As kube-scheduler 1.27 to 1.34 writes them; the word that is read from each, and what the sentence must say.
SCHEDULER: list[tuple[str, str, str]] = [
    (
        f"0/1 nodes are available: 1 Insufficient nvidia.com/gpu.{NO_VICTIMS}",
        "room-lacking",
        "No machine has 2 free GPUs",
    ),
    (
        f"0/1 nodes are available: 1 Insufficient nvidia.com/mig-1g.5gb.{NO_VICTIMS}",
        "room-lacking",
        "GPU slice of size 1g.5gb",
    ),
    (
        f"0/1 nodes are available: 1 Insufficient nvidia.com/gpu.shared.{NO_VICTIMS}",
        "room-lacking",
        "share of a GPU",
    ),
    (f"0/3 nodes are available: 3 Insufficient cpu.{NO_VICTIMS}", "room-lacking", "enough processors free"),
    (
        f"0/3 nodes are available: 3 Insufficient memory.{NO_VICTIMS}",
        "room-lacking",
        "enough memory free for this option (4 GiB)",
    ),
    (
        f"0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory.{NO_VICTIMS}",
        "room-lacking",
        "enough memory",
    ),
    (
        "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
        f"3 Insufficient nvidia.com/gpu.{NOT_HELPFUL}",
        "room-lacking",
        "free GPU",
    ),
    (
        "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had volume node affinity conflict."
        + NOT_HELPFUL,
        "room-lacking",
        "The machine where your home lies has not enough memory free",
    ),
    (
        "0/3 nodes are available: 3 Insufficient ephemeral-storage.",
        "room-lacking",
        "enough local disk",
    ),
    ("0/1 nodes are available: 1 Too many pods.", "room-pods", "as many servers as they can"),
    (
        f"0/2 nodes are available: 2 node(s) had volume node affinity conflict.{NOT_HELPFUL}",
        "home-elsewhere",
        "Your home lies on a machine, or in a zone",
    ),
    (
        "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
        "home-elsewhere",
        "Your home lies",
    ),
    (
        "0/2 nodes are available: 2 node(s) had no available volume zone.",
        "home-elsewhere",
        "in a zone",
    ),
    (
        f"0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.{NOT_HELPFUL}",
        "home-unbound",
        "is not there yet",
    ),
    (
        "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
        "home-unbound",
        "is not there yet",
    ),
    (
        "0/1 nodes are available: 1 node(s) did not have enough free storage.",
        "home-unbound",
        "disk for your home",
    ),
    (
        'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
        "home-unbound",
        "disk for your home",
    ),
    (
        '0/1 nodes are available: persistentvolumeclaim "shared" not found.',
        "home-missing",
        "is not there",
    ),
    (
        '0/1 nodes are available: persistentvolumeclaim "claim-ada" is being deleted.',
        "home-missing",
        "is not there",
    ),
    ('0/1 nodes are available: storageclass.storage.k8s.io "fast" not found.', "home-missing", "A disk"),
    ("0/2 nodes are available: 2 node(s) exceed max volume count.", "home-many", "one more disk"),
    ("0/1 nodes are available: 1 node(s) were unschedulable.", "nodes-closed", "being worked on"),
    (
        f"0/2 nodes are available: 2 node(s) had untolerated taint {{nvidia.com/gpu: present}}.{NOT_HELPFUL}",
        "room-kept",
        "kept for others",
    ),
    (
        "0/2 nodes are available: 2 node(s) had untolerated taint(s).",
        "room-kept",
        "kept for others",
    ),
    (
        "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.",
        "nodes-ill",
        "not well",
    ),
    (
        "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
        "nodes-ill",
        "not well",
    ),
    (
        "0/1 nodes are available: 1 node(s) had taint {dedicated: batch}, that the pod didn't tolerate.",
        "room-kept",
        "kept for others",
    ),
    (
        f"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.{NOT_HELPFUL}",
        "room-labels",
        "No machine of the kind",
    ),
    (
        "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
        "room-apart",
        "must not share a machine",
    ),
    (
        "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints.",
        "room-apart",
        "must not share a machine",
    ),
    ("no nodes available to schedule pods", "nodes-none", "No machine is there"),
    ("0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [Own].", "unschedulable", "no place"),
]
ASKED = {"nvidia.com/gpu": "2", "memory": "4294967296", "cpu": "0.5", "nvidia.com/mig-1g.5gb": "1"}


@pytest.mark.parametrize(("message", "word", "says"), SCHEDULER, ids=[one[0][:70] for one in SCHEDULER])
def test_the_schedulers_words_become_a_sentence(message: str, word: str, says: str) -> None:
    trouble = words.of_scheduler(message, ASKED)
    assert trouble.word == word
    assert says in trouble.sentence
    assert 0 < trouble.patience <= 120
    # People get no word that only administrators know, and something to do.
    assert not any(odd in trouble.sentence for odd in ("preemption", "taint", "nodes are", "Claim", "nvidia"))
    assert trouble.sentence.endswith((words.LATER, words.SMALLER, words.NOT_YOURS, "Choose another option."))


def test_what_is_in_use_is_said_where_it_is_known() -> None:
    trouble = words.of_scheduler(SCHEDULER[0][0], ASKED, "No GPU is free: 2 of 2 are in use.")
    assert trouble.sentence == "No GPU is free: 2 of 2 are in use. Choose a smaller option, or try later."


def test_preemption_is_no_reason() -> None:
    said = (
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Too many pods."
    )
    assert words.of_scheduler(said).word == "room-lacking"


QUOTA = (
    'pods "jupyter-ada" is forbidden: exceeded quota: jupyterhub, requested: limits.memory=8Gi,pods=1, '
    "used: limits.memory=28Gi,pods=4, limited: limits.memory=32Gi,pods=4"
)
REFUSALS: list[tuple[str, str, str]] = [
    (QUOTA, "quota", "memory at most: this needs 8Gi, and 28Gi of 32Gi are in use"),
    (
        'pods "jupyter-ada" is forbidden: exceeded quota: jupyterhub-gpu, requested: '
        "requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=2",
        "quota",
        "GPUs: this needs 2, and 1 of 2 are in use",
    ),
    (
        'persistentvolumeclaims "claim-ada" is forbidden: exceeded quota: jupyterhub, requested: '
        "persistentvolumeclaims=1, used: persistentvolumeclaims=9, limited: persistentvolumeclaims=9",
        "quota",
        "your home (homes: this needs 1, and 9 of 9 are in use)",
    ),
    (
        'pods "jupyter-ada" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
        "limit-range",
        "beyond it",
    ),
    (
        'pods "jupyter-ada" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
        "pod-security",
        "rules of the cluster",
    ),
    (
        'pods "jupyter-ada" is forbidden: no PriorityClass with name hub-gpu was found',
        "priority",
        "priority",
    ),
    (
        'pods "jupyter-ada" is forbidden: error looking up service account hub/notebook: '
        'serviceaccount "notebook" not found',
        "account",
        "account",
    ),
    (
        'pods "jupyter-ada" is forbidden: unable to create new content in namespace jupyterhub because it is '
        "being terminated",
        "leaving",
        "being removed",
    ),
    ('admission webhook "images.example" denied the request: no digest', "webhook", "A rule of the cluster"),
]


@pytest.mark.parametrize(("message", "word", "says"), REFUSALS, ids=[one[1] for one in REFUSALS])
def test_a_refusal_of_the_api_server_becomes_a_sentence(message: str, word: str, says: str) -> None:
    trouble = words.of_refusal(message)
    assert trouble
    assert (trouble.word, trouble.patience) == (word, 0)
    assert says in trouble.sentence


def test_what_is_the_hubs_own_fault_is_no_trouble_of_the_user() -> None:
    said = 'pods is forbidden: User "system:serviceaccount:hub:hub" cannot create resource "pods"'
    assert words.of_refusal(said) is None


def waiting(reason: str, message: str = "", **more: object) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    status = {"image": "registry.example/notebook:1", "state": state, **more}
    return {"status": {"phase": "Pending", "containerStatuses": [status]}}


def said(pod: dict[str, Any]) -> str:
    trouble = words.of_pod(pod)
    assert trouble
    return trouble.sentence


@pytest.mark.parametrize(
    ("reason", "message", "says"),
    [
        ("ErrImagePull", "manifest unknown: not found", "notebook:1 is not there"),
        ("ImagePullBackOff", 'Back-off pulling image: 401 "unauthorized"', "may not be pulled"),
        ("ImagePullBackOff", "dial tcp 10.0.0.1:443: i/o timeout", "cannot be pulled"),
        ("InvalidImageName", "", "is not one"),
        ("CreateContainerConfigError", 'secret "trino-login" not found', "The secret trino-login"),
        (
            "CreateContainerConfigError",
            "couldn't find key password in Secret hub/trino",
            "The Secret hub/trino lacks password",
        ),
        ("RunContainerError", "exec: no such file", "cannot be started"),
    ],
)
def test_a_container_that_waits_says_for_what(reason: str, message: str, says: str) -> None:
    trouble = words.of_pod(waiting(reason, message))
    assert trouble
    assert says in trouble.sentence
    assert trouble.patience <= 120


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_a_pod_that_pulls_its_image_is_in_no_trouble(reason: str) -> None:
    assert words.of_pod(waiting(reason)) is None
    assert words.of_pod({"status": {"phase": "Pending"}}) is None


def test_a_server_that_ends_by_itself_says_how() -> None:
    last = {"terminated": {"exitCode": 1, "reason": "Error"}}
    crashed = waiting("CrashLoopBackOff", restartCount=2, ready=False, lastState=last)
    assert "exit code 1" in said(crashed)
    killed = waiting(
        "CrashLoopBackOff",
        restartCount=3,
        ready=False,
        lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    )
    assert "needs more memory" in said(killed)
    assert words.of_pod(waiting("CrashLoopBackOff", restartCount=1, ready=False)) is None


def test_a_pod_without_a_place_says_what_it_asked_for() -> None:
    requests = {"requests": {"nvidia.com/gpu": "2"}}
    condition = {"type": "PodScheduled", "status": "False", "message": SCHEDULER[0][0]}
    pod = {"spec": {"containers": [{"resources": requests}]}, "status": {"conditions": [condition]}}
    assert "No machine has 2 free GPUs" in said(pod)
    condition["status"] = "True"
    assert words.of_pod(pod) is None


def test_the_end_of_the_time_names_what_the_pod_was_told_last() -> None:
    told = [
        {"reason": "Scheduled", "message": "assigned"},
        {"reason": "FailedMount", "message": 'MountVolume.SetUp failed: secret "trino" not found'},
        {"reason": "Pulled", "message": "done"},
    ]
    assert "Something that the server mounts is not there." in words.of_time(290, told).sentence
    assert "5 minutes" in words.of_time(290, []).sentence
