"""When an object counts as ready, and what is said while it is not."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from embedded.providers.errors import NotReady, ProviderError
from embedded.providers.kube.client import Client, Object
from embedded.providers.kube.discovery import Discovery, Kind
from embedded.providers.kube.waiting import Waiter, check_of, seconds_for
from embedded.providers.kube.waits import custom, network, pods, storage, workloads
from embedded.providers.kube.waits.readiness import Look


class Cluster(Client):
    """A client whose answers are given."""

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.answers = answers or {}

    def get(self, path: str, **query: str) -> Object:
        found = self.answers.get(path, {})
        return dict(found.pop(0) if isinstance(found, list) and len(found) > 1 else (found or [{}])[0])

    def find(self, path: str, **query: str) -> Object | None:
        return self.answers.get(path)

    def items(self, path: str, **query: str) -> list[Object]:
        return list(self.answers.get(path, []))


class Kinds(Discovery):
    """Every kind is served under its lower-case plural."""

    def __init__(self) -> None:
        """Ask nobody."""

    def kind(self, api_version: str, kind: str) -> Kind:
        return Kind(api_version, kind, f"{kind.lower()}s", True)


def look(answers: dict[str, Any] | None = None, seconds: float = 99) -> Look:
    return Look(Cluster(answers), Kinds(), seconds)


def obj(kind: str, spec: Object | None = None, status: Object | None = None, **meta: Any) -> Object:  # noqa: ANN401
    place = {"name": "x", "namespace": "n", "generation": 2, **meta}
    return {"apiVersion": "v1", "kind": kind, "metadata": place, "spec": spec or {}, "status": status or {}}


def condition(type_: str, status: str, reason: str = "", message: str = "") -> Object:
    return {"type": type_, "status": status, "reason": reason, "message": message}


ROLLED_OUT = [condition("Progressing", "True", "NewReplicaSetAvailable"), condition("Available", "True")]


def deployment(**status: Any) -> Object:  # noqa: ANN401
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "hub"}}}
    found = {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2, "conditions": ROLLED_OUT}
    return obj("Deployment", spec, {**found, **status})


def test_a_rolled_out_deployment_is_ready() -> None:
    assert workloads.check_deployment(look(), deployment()).ready


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 1},
        {"updatedReplicas": 1},
        {"availableReplicas": 1},
        {"conditions": [condition("Progressing", "True", "ReplicaSetUpdated"), ROLLED_OUT[1]]},
        {"conditions": [ROLLED_OUT[0], condition("Available", "False")]},
    ],
)
def test_a_deployment_in_between_is_not_ready_and_says_why(status: Object) -> None:
    seen = workloads.check_deployment(look(), deployment(**status))
    assert not seen.ready
    assert seen.problems


CRASHING = obj(
    "Pod",
    status={
        "phase": "Running",
        "conditions": [condition("PodScheduled", "True"), condition("Ready", "False")],
        "containerStatuses": [
            {
                "name": "hub",
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
                "lastState": {
                    "terminated": {"reason": "Error", "exitCode": 1, "message": "ValueError: no client_id\n"}
                },
            }
        ],
    },
)


def test_a_crash_is_told_with_the_pods_own_words_and_where_its_logs_are() -> None:
    said = "\n".join(pods.problems(CRASHING))
    assert "[CrashLoopBackOff] back-off 10s" in said
    assert "exit code 1" in said
    assert "ValueError: no client_id" in said
    assert "kubectl logs -n n x -c hub --previous" in said


def test_an_image_that_cannot_be_pulled_is_told() -> None:
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "nope"'}
    pod = obj("Pod", status={"containerStatuses": [{"name": "c", "state": {"waiting": waiting}}]})
    assert pods.problems(pod) == ['[Pod n/x]: [ImagePullBackOff] Back-off pulling image "nope"']


def test_a_pod_without_a_place_says_what_the_scheduler_said() -> None:
    unplaced = condition("PodScheduled", "False", "Unschedulable", "0/1 nodes: insufficient memory")
    assert pods.problems(obj("Pod", status={"conditions": [unplaced]})) == [
        "[Pod n/x]: 0/1 nodes: insufficient memory"
    ]


def test_a_container_that_is_only_being_made_is_no_problem() -> None:
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    assert pods.problems(obj("Pod", status={"containerStatuses": [{"name": "c", "state": waiting}]})) == []


def test_a_deployments_wait_speaks_for_its_pods() -> None:
    answers = {"/api/v1/namespaces/n/pods": [CRASHING]}
    seen = workloads.check_deployment(look(answers), deployment(availableReplicas=0))
    assert any("CrashLoopBackOff" in line for line in seen.problems)


def test_without_pods_the_clusters_warnings_speak() -> None:
    event = {"reason": "FailedCreate", "message": "exceeded quota"}
    seen = workloads.check_deployment(
        look({"/api/v1/namespaces/n/events": [event]}), deployment(availableReplicas=0)
    )
    assert "[FailedCreate] exceeded quota" in seen.problems


def test_jobs_end_the_wait_when_they_fail_for_good() -> None:
    failed = workloads.check_job(
        look(), obj("Job", status={"conditions": [condition("Failed", "True", "BackoffLimitExceeded", "no")]})
    )
    assert failed.failed
    assert not workloads.check_job(look(), obj("Job", status={"active": 1})).failed
    assert workloads.check_job(
        look(), obj("Job", status={"conditions": [condition("Complete", "True")]})
    ).ready


def claim(phase: str, class_: str = "local-path") -> Object:
    return obj("PersistentVolumeClaim", {"storageClassName": class_}, {"phase": phase})


CLASS = "/apis/storage.k8s.io/v1/storageclasses/local-path"


@pytest.mark.parametrize(
    ("mode", "phase", "ready"),
    [
        ("WaitForFirstConsumer", "Pending", True),
        ("Immediate", "Pending", False),
        ("Immediate", "Bound", True),
        ("WaitForFirstConsumer", "Lost", False),
    ],
)
def test_a_claim_is_waited_for_only_where_it_binds_without_a_pod(mode: str, phase: str, ready: bool) -> None:
    assert storage.check_claim(look({CLASS: {"volumeBindingMode": mode}}), claim(phase)).ready is ready


def test_a_claim_of_a_class_that_does_not_exist_says_so() -> None:
    assert "there is no StorageClass 'nope'" in storage.check_claim(look(), claim("Pending", "nope")).problems


SLICES = "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices"
READY, UNREADY = {"conditions": {"ready": True}}, {"conditions": {"ready": False}}


@pytest.mark.parametrize(
    ("spec", "endpoints", "ready"),
    [
        ({"selector": {"a": "b"}}, [READY], True),
        ({"selector": {"a": "b"}}, [READY, UNREADY], False),
        ({"selector": {"a": "b"}}, None, False),
        ({}, None, True),
        ({"selector": {"a": "b"}, "clusterIP": "None"}, None, True),
        ({"selector": {"a": "b"}, "type": "ExternalName"}, None, True),
        ({"selector": {"a": "b"}, "type": "LoadBalancer"}, [READY], False),
    ],
)
def test_a_service_waits_for_the_pods_it_selects(
    spec: Object, endpoints: list[Object] | None, ready: bool
) -> None:
    answers = {} if endpoints is None else {SLICES: [{"endpoints": endpoints}]}
    assert network.check_service(look(answers), obj("Service", spec)).ready is ready


INGRESS: Object = {"rules": [{"http": {"paths": [{"backend": {"service": {"name": "proxy-public"}}}]}}]}
ADDRESS = {"loadBalancer": {"ingress": [{"ip": "10.200.0.1"}]}}
SERVICE: Object = {"/api/v1/namespaces/n/services/proxy-public": {}}


def test_an_ingress_needs_its_address_and_its_backend_or_a_reason_not_to_wait_longer() -> None:
    assert network.check_ingress(look(SERVICE, 0), obj("Ingress", INGRESS, ADDRESS)).ready
    assert not network.check_ingress(look(SERVICE, 0), obj("Ingress", INGRESS)).ready
    assert not network.check_ingress(look({}, 0), obj("Ingress", INGRESS, ADDRESS)).ready
    late = network.check_ingress(look({}, 60), obj("Ingress", INGRESS, ADDRESS))
    assert late.ready
    assert "proxy-public" in late.status


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("jsonpath={.status.phase}=Running", True),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.other}", False),
        ("condition=Ready", True),
        ("condition=Ready=False", False),
        ('["condition=Ready", "jsonpath={.status.phase}=Failed"]', False),
    ],
)
def test_wait_for_holds_when_all_its_expressions_do(text: str, holds: bool) -> None:
    live = obj("Thing", status={"phase": "Running", "conditions": [condition("Ready", "True")]})
    assert custom.check_for(text)(look(), live).ready is holds


def test_a_wait_for_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ProviderError, match="expected"):
        custom.check_for("ready please")


def noted(**annotations: str) -> Object:
    notes = {f"pulumi.com/{key}": value for key, value in annotations.items()}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "annotations": notes}}


def test_annotations_and_timeouts_decide_whether_and_how_long() -> None:
    assert check_of(noted()) is pods.check_pod
    assert check_of(noted(skipAwait="true")) is None
    assert check_of(noted(waitFor="condition=Ready")) not in {None, pods.check_pod}
    assert seconds_for(noted(), 0) == 600
    assert seconds_for(noted(timeoutSeconds="7"), 0) == 7
    assert seconds_for(noted(timeoutSeconds="7"), 3) == 3


def waiter(states: list[Object], cancelled: threading.Event | None = None) -> Waiter:
    cluster = Cluster({"/api/v1/namespaces/n/pods/x": states})
    return Waiter(cluster, Kinds(), cancelled or threading.Event())


PENDING_POD = obj("Pod", status={"conditions": [condition("PodScheduled", "False", "x", "no room")]})
READY_POD = obj("Pod", status={"conditions": [condition("Ready", "True")]})


def test_waiting_ends_with_the_ready_object() -> None:
    said: list[str] = []
    live = waiter([PENDING_POD, READY_POD]).until_ready(noted(), PENDING_POD, 5, said.append)
    assert live["status"] == READY_POD["status"]
    assert said[-1] == ""


def test_waiting_too_long_ends_with_the_reasons_and_the_object_for_the_state() -> None:
    with pytest.raises(NotReady, match="timed out") as caught:
        waiter([PENDING_POD]).until_ready(noted(), PENDING_POD, 0.2, lambda _: None)
    assert caught.value.reasons == ["[Pod n/x]: no room"]
    assert caught.value.live == PENDING_POD


def test_cancelling_ends_a_wait_at_once() -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(NotReady, match="cancelled"):
        waiter([PENDING_POD], cancelled).until_ready(noted(), PENDING_POD, 600, lambda _: None)


def test_gone_means_no_object_or_another_one() -> None:
    path = "/api/v1/namespaces/n/pods/x"
    live = obj("Pod", uid="1")
    for now in (None, obj("Pod", uid="2")):
        Waiter(Cluster({path: now}), Kinds(), threading.Event()).until_gone(live, 5, lambda _: None)
    held = obj("Pod", uid="1", finalizers=["example.org/hold"])
    with pytest.raises(NotReady) as caught:
        Waiter(Cluster({path: held}), Kinds(), threading.Event()).until_gone(live, 0.1, lambda _: None)
    assert "example.org/hold" in caught.value.reasons[0]
