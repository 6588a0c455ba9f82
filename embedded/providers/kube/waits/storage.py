"""Volumes, claims and quotas."""

from __future__ import annotations

from embedded.providers.kube.client import Object
from embedded.providers.kube.waits.pods import warnings
from embedded.providers.kube.waits.readiness import Look, Readiness, namespace_of, spec_of, status_of

WAITS_FOR_POD = "WaitForFirstConsumer"


def check_claim(look: Look, obj: Object) -> Readiness:
    """Ready when bound; a class that binds at a pod's first use leaves its claims pending, which is ready."""
    phase = status_of(obj).get("phase")
    if phase == "Bound":
        return Readiness(True, "✅ PVC has been bound")
    name = spec_of(obj).get("storageClassName")
    class_ = look.client.find(f"/apis/storage.k8s.io/v1/storageclasses/{name}") if name else None
    if phase == "Pending" and class_ and class_.get("volumeBindingMode") == WAITS_FOR_POD:
        return Readiness(True, "✅ PVC waits for its first Pod")
    found = warnings(look, namespace_of(obj), obj["metadata"]["name"])
    if name and class_ is None:
        found.append(f"there is no StorageClass {name!r}")
    if not name:
        found.append("it names no StorageClass, and the cluster has no default one")
    return Readiness(False, f"Waiting for PVC to be bound (now {phase})", found)


def check_volume(look: Look, obj: Object) -> Readiness:
    """Ready when available or bound."""
    phase = status_of(obj).get("phase")
    return Readiness(phase in {"Available", "Bound"}, f"PV is {phase}", [f"status.phase is {phase}"])


def check_quota(look: Look, obj: Object) -> Readiness:
    """Ready when the controller has taken over the limits."""
    same = spec_of(obj).get("hard") == status_of(obj).get("hard")
    return Readiness(same, "Waiting for ResourceQuota", ["the quota controller has not taken it over yet"])
