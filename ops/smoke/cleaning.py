"""Nothing is left behind: the server, the account, and the claim of our user; no other claim, ever."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from ops.ending import Cannot
from ops.kubectl import Json, NoAnswer
from ops.smoke.outcome import Failed
from ops.smoke.visit import Visit, is_own
from ops.smoke.way import Unreachable
from settings.smoke import USER

# KubeSpawner's names for it: of today's way to write a user's name, and of the one before.
_SLUG = f"{USER.replace('.', '-')}---{hashlib.sha256(USER.encode()).hexdigest()[:8]}"
CLAIMS = (f"claim-{_SLUG}", f"claim-{USER.replace('.', '-2e')}")
_STORAGE = "component=singleuser-storage"
_GONE = 60.0
_DELETED = 120.0


def left_by_others(visit: Visit) -> None:
    """Remove what a run that was killed has left, unless somebody uses it."""
    try:
        _unused(visit)
    except (Failed, Unreachable, NoAnswer):
        # The checks come to the same end, and say it better.
        return
    if remains := clean(visit):
        visit.tell("; ".join(remains))


def _unused(visit: Visit) -> None:
    """Refuse where somebody works with the server of our user at this moment."""
    server = visit.hub.running()
    if server and server.get("ready") and visit.hub.connections():
        raise Cannot(
            f"Somebody is connected to the server of {USER}.\n"
            "    What follows: this run would take it away from them, so it does nothing.\n"
            "    What to do:   end that connection, or wait until the hub stops the server as idle."
        )


def clean(visit: Visit) -> list[str]:
    """Remove what a run makes; give what is left, each with the command that removes it."""
    left: list[str] = []
    try:
        visit.hub.stop()
        visit.hub.remove_user()
    except (Failed, Unreachable, NoAnswer) as error:
        left.append(f"the account {USER} and its server: {error}. The next run removes them.")
    try:
        left += _claims(visit)
    except NoAnswer as error:
        namespace = visit.settings.namespace.name
        left.append(f"the claim of {USER}: {error}; kubectl -n {namespace} delete pvc {CLAIMS[0]}")
    return left


def _claims(visit: Visit) -> Iterator[str]:
    cluster, namespace = visit.live.cluster, visit.settings.namespace.name
    for claim in cluster.items("persistentvolumeclaims", _STORAGE):
        if not is_own(claim):
            continue
        name = claim["metadata"]["name"]
        if doubt := _doubt(visit, claim):
            yield f"claim {name}: {doubt}. Look at it: kubectl -n {namespace} describe pvc {name}"
            continue
        volume = _volume(visit, claim)
        cluster.delete("persistentvolumeclaim", name)
        if volume and volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain":
            kept = volume["metadata"]["name"]
            yield f"volume {kept}, which its StorageClass keeps: kubectl delete pv {kept}"
        elif not _goes(visit, claim):
            slow = claim["spec"]["volumeName"]
            yield f"volume {slow}, which its driver has not deleted yet: kubectl describe pv {slow}"


def _doubt(visit: Visit, claim: Json) -> str | None:
    """Say why a claim may be somebody else's; only one that is ours by name, marks and use is deleted."""
    name, storage = claim["metadata"]["name"], visit.settings.storage
    of_settings = {
        storage.shared.claim if storage.shared else "",
        getattr(visit.settings.database, "claim", ""),
    }
    if name not in CLAIMS or name in of_settings:
        return f"it is marked as {USER}'s and has another name"
    if (claim["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by") not in (
        None,
        "kubespawner",
    ):
        return "it is marked as made by something else than KubeSpawner"
    if users := _mounting(visit, name):
        return f"pod {users[0]} has it mounted"
    return None


def _mounting(visit: Visit, claim: str) -> list[str]:
    """Name the pods that mount a claim, when those of our user have had their time to go."""
    end = time.monotonic() + _GONE
    while True:
        pods = [pod for pod in visit.live.cluster.items("pods") if claim in _mounts(pod)]
        if not pods or not all(is_own(pod) for pod in pods) or time.monotonic() > end:
            return [pod["metadata"]["name"] for pod in pods]
        time.sleep(1)


def _mounts(pod: Json) -> set[str]:
    volumes = pod["spec"].get("volumes") or ()
    return {one["persistentVolumeClaim"]["claimName"] for one in volumes if "persistentVolumeClaim" in one}


def _goes(visit: Visit, claim: Json) -> bool:
    """Wait until the driver has deleted the volume of a claim that is gone."""
    end = time.monotonic() + _DELETED
    while _volume(visit, claim):
        if time.monotonic() > end:
            return False
        time.sleep(1)
    return True


def _volume(visit: Visit, claim: Json) -> Json | None:
    name = claim["spec"].get("volumeName")
    try:
        return visit.live.cluster.find("persistentvolume", name) if name else None
    except NoAnswer:
        # Volumes belong to the whole cluster, and not everybody may look at them.
        return None
