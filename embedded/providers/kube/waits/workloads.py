"""Deployments, StatefulSets, DaemonSets and Jobs: rolled out, or why not."""

from __future__ import annotations

from embedded.providers.kube.client import Object
from embedded.providers.kube.waits.pods import full_name, owned_problems, warnings
from embedded.providers.kube.waits.readiness import (
    Look,
    Readiness,
    condition,
    namespace_of,
    observed,
    spec_of,
    status_of,
)


def _reasons(look: Look, owner: Object) -> list[str]:
    """Say what the pods say; where there are none, what the cluster says about making them."""
    found = owned_problems(look, owner)
    return found or warnings(look, namespace_of(owner), owner["metadata"]["name"])


def check_deployment(look: Look, obj: Object) -> Readiness:
    """Ready when every replica is of the current revision and available."""
    if not observed(obj):
        return Readiness(False, "Waiting for the Deployment controller", [_not_seen("Deployment")])
    wanted, status = spec_of(obj).get("replicas", 1), status_of(obj)
    updated, available = status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0
    progressing = condition(obj, "Progressing")
    rolled_out = progressing.get("reason") == "NewReplicaSetAvailable" or not progressing
    enough = updated >= wanted and available >= wanted
    if enough and rolled_out and condition(obj, "Available").get("status") == "True":
        return Readiness(True, "✅ Deployment initialization complete")
    problems = []
    for one in (progressing, condition(obj, "Available")):
        if one.get("status") == "False":
            problems.append(f"[{one.get('reason')}] {one.get('message')}")
    text = f"Waiting for app ReplicaSet to be available ({min(updated, available)}/{wanted} Pods available)"
    return Readiness(False, text, [*problems, *_reasons(look, obj)] or ["no Pod has become available"])


def check_stateful_set(look: Look, obj: Object) -> Readiness:
    """Ready when every replica is ready and of the current revision."""
    if not observed(obj):
        return Readiness(False, "Waiting for the StatefulSet controller", [_not_seen("StatefulSet")])
    wanted, status = spec_of(obj).get("replicas", 1), status_of(obj)
    ready = status.get("readyReplicas") or 0
    by_hand = (spec_of(obj).get("updateStrategy") or {}).get("type") == "OnDelete"
    current = by_hand or status.get("currentRevision") == status.get("updateRevision")
    if ready == wanted and (status.get("replicas") or 0) == wanted and current:
        return Readiness(True, "✅ StatefulSet initialization complete")
    text = f"Waiting for StatefulSet to roll out ({ready}/{wanted} Pods ready)"
    head = f"{ready} out of {wanted} replicas succeeded readiness checks"
    return Readiness(False, text, [head, *_reasons(look, obj)])


def check_daemon_set(look: Look, obj: Object) -> Readiness:
    """Ready when every node that should run a pod runs a current one that is available."""
    if not observed(obj):
        return Readiness(False, "Waiting for the DaemonSet controller", [_not_seen("DaemonSet")])
    status = status_of(obj)
    wanted = status.get("desiredNumberScheduled") or 0
    updated, available = status.get("updatedNumberScheduled") or 0, status.get("numberAvailable") or 0
    by_hand = (spec_of(obj).get("updateStrategy") or {}).get("type") == "OnDelete"
    if available >= wanted and (by_hand or updated >= wanted):
        return Readiness(True, "✅ DaemonSet rolled out")
    text = f"Waiting for DaemonSet to roll out ({min(updated, available)}/{wanted} Pods available)"
    return Readiness(False, text, [text, *_reasons(look, obj)])


def check_replicas(look: Look, obj: Object) -> Readiness:
    """Judge a ReplicationController: as many available as wanted."""
    wanted = spec_of(obj).get("replicas", 1)
    available = status_of(obj).get("availableReplicas") or 0
    text = f"{available}/{wanted} Pods available"
    return Readiness(available >= wanted, text, [text, *_reasons(look, obj)] if available < wanted else [])


def check_job(look: Look, obj: Object) -> Readiness:
    """Ready when complete; a Job that has failed for good ends the wait."""
    status, failed = status_of(obj), condition(obj, "Failed")
    if condition(obj, "Complete").get("status") == "True":
        return Readiness(True, "✅ Job complete")
    if failed.get("status") == "True":
        message = f"[{failed.get('reason')}] {failed.get('message')}"
        return Readiness(False, message, [message, *_reasons(look, obj)], failed=True)
    counts = ", ".join(f"{name} {status.get(name) or 0}" for name in ("active", "succeeded", "failed"))
    text = f"Waiting for Job {full_name(obj)!r} to succeed ({counts})"
    return Readiness(False, text, [text, *_reasons(look, obj)])


def _not_seen(kind: str) -> str:
    return f"the {kind} controller has not looked at it yet: does the controller manager run?"
