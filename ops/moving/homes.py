"""A home: the claim that it has, the one that it is to have, and the volume that stays the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from ops.kubectl import Json

MARK = "jupyterhub-ops/move"
"""On a volume: from where to where it goes, and what its claim and its reclaim policy were."""
ORIGIN = "jupyterhub-ops/moved-from"
"""On a new claim: whose claim its volume had before."""
USER, SERVER = "hub.jupyter.org/username", "hub.jupyter.org/servername"
_STORAGE = ("component", "singleuser-storage")
_OF_THE_CLUSTER = (
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "kubectl.kubernetes.io/",
)
_OF_OURS = (MARK, ORIGIN)


@dataclass(frozen=True)
class Place:
    """A claim by its name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Home:
    """One home that moves from a claim to another one."""

    user: str
    new: str
    server: str
    source: Place
    target: Place
    volume: str
    size: str
    labels: Json = field(default_factory=dict)
    annotations: Json = field(default_factory=dict)

    def origin(self, uid: str) -> Json:
        """Give what the new claim says of where its volume was."""
        return {"user": self.user, **asdict(self.source), "uid": uid, "volume": self.volume}


def is_home(claim: Json) -> bool:
    """Tell whether KubeSpawner made a claim for somebody's home."""
    return _STORAGE in (claim["metadata"].get("labels") or {}).items()


def annotation(one: Json, name: str) -> str:
    """Give an annotation's text."""
    return str((one["metadata"].get("annotations") or {}).get(name, ""))


def note(one: Json, name: str) -> Json:
    """Give what we noted on an object; nothing where there is none of ours."""
    try:
        found = json.loads(annotation(one, name) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def size(claim: Json) -> str:
    """Give how large a claim is, or is to be."""
    said = claim.get("status", {}).get("capacity") or claim["spec"]["resources"]["requests"]
    return str(said["storage"])


def place(claim: Json) -> Place:
    """Give a claim's place."""
    return Place(claim["metadata"]["namespace"], claim["metadata"]["name"])


def own(marks: Json) -> Json:
    """Give those labels or annotations of a claim that the cluster or we have not written."""
    return {
        name: text
        for name, text in marks.items()
        if not name.startswith(_OF_THE_CLUSTER) and name not in _OF_OURS
    }


def of_user(claims: Iterable[Json], user: str, remembered: dict[str, str]) -> dict[str, list[Json]]:
    """Give a user's claims by server; what the hub remembers for a server is the one."""
    found: dict[str, list[Json]] = {}
    for claim in claims:
        names = [server for server, name in remembered.items() if name == claim["metadata"]["name"]]
        if names or (annotation(claim, USER) == user and is_home(claim)):
            found.setdefault(names[0] if names else annotation(claim, SERVER), []).append(claim)
    return {
        server: [one for one in several if one["metadata"]["name"] == remembered.get(server)] or several
        for server, several in found.items()
    }


def manifest(home: Home, old: Json) -> Json:
    """Make the new claim: the old one's form, the new one's name, and the same volume."""
    spec: Json = {
        key: old["spec"][key]
        for key in ("accessModes", "resources", "storageClassName", "volumeMode")
        if key in old["spec"]
    }
    origin = json.dumps(home.origin(old["metadata"]["uid"]))
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": home.target.name,
            "namespace": home.target.namespace,
            "labels": home.labels,
            "annotations": {**own(home.annotations), ORIGIN: origin},
        },
        "spec": {**spec, "volumeName": home.volume},
    }


def mark(home: Home, old: Json, volume: Json, at: str) -> Json:
    """Make what the volume says of its move; the policy that it once had is never lost."""
    before = note(volume, MARK)
    metadata = old["metadata"]
    return {
        "user": home.user,
        "new": home.new,
        "from": asdict(home.source),
        "to": asdict(home.target),
        "uid": metadata["uid"],
        "policy": before.get("policy") or volume["spec"]["persistentVolumeReclaimPolicy"],
        "labels": own(metadata.get("labels") or {}),
        "annotations": own(metadata.get("annotations") or {}),
        "at": at,
    }


def mounted(pods: Iterable[Json], claim: str) -> list[str]:
    """Name the pods that have a claim mounted, or are about to."""
    return [
        pod["metadata"]["name"]
        for pod in pods
        if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed") and claim in _claims_of(pod)
    ]


def _claims_of(pod: Json) -> set[Any]:
    volumes = pod["spec"].get("volumes") or ()
    return {one.get("persistentVolumeClaim", {}).get("claimName") for one in volumes}
