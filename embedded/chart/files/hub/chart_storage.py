"""The chart's values for what is mounted into user pods: the home, further volumes, files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Traits = dict[str, Any]
Named = dict[str, dict[str, Any]]


def storage(user: Mapping[str, Any]) -> Traits:
    """Give KubeSpawner's traits of volumes and claims.

    Volumes and mounts are mappings, so that a profile can add one without repeating the rest.
    """
    wanted = user["storage"]
    home, volumes, mounts = _home(wanted)
    volumes |= _named(wanted.get("extraVolumes"), numbered=False)
    mounts |= _named(wanted.get("extraVolumeMounts"), numbered=True)
    file_volumes, file_mounts = files(user.get("extraFiles") or {})
    return {
        "storage_extra_labels": wanted.get("extraLabels") or {},
        **home,
        "volumes": volumes | file_volumes,
        "volume_mounts": mounts | file_mounts,
    }


def files(wanted: Mapping[str, Any]) -> tuple[Named, Named]:
    """Give the one volume with all extra files, and a mount for each of them."""
    if not wanted:
        return {}, {}
    items = [
        {"key": key, "path": key, **({"mode": int(file["mode"])} if file.get("mode") else {})}
        for key, file in wanted.items()
    ]
    volume = {"name": "files", "secret": {"secretName": "singleuser", "items": items}}
    mounts = {
        f"{index}-files": {"name": "files", "mountPath": file["mountPath"], "subPath": key}
        for index, (key, file) in enumerate(wanted.items())
    }
    return {"files": volume}, mounts


def _home(wanted: Mapping[str, Any]) -> tuple[Traits, Named, Named]:
    if wanted["type"] == "dynamic":
        return _own_claim(wanted)
    if wanted["type"] == "static":
        static = wanted["static"]
        return (
            {},
            {"home": _claim("home", static["pvcName"])},
            {"home": _mount("home", wanted["homeMountPath"], static.get("subPath"))},
        )
    return {}, {}, {}


def _own_claim(wanted: Mapping[str, Any]) -> tuple[Traits, Named, Named]:
    dynamic = wanted["dynamic"]
    name = dynamic["volumeNameTemplate"]
    chosen = {
        "storage_capacity": wanted.get("capacity"),
        "storage_access_modes": dynamic.get("storageAccessModes"),
        "storage_class": dynamic.get("storageClass"),
        "pvc_name_template": dynamic.get("pvcNameTemplate"),
    }
    traits: Traits = {trait: value for trait, value in chosen.items() if value is not None}
    traits["storage_pvc_ensure"] = True
    # KubeSpawner fills in the claim's name: it remembers it per server, so that a later template
    # does not take anybody's home away.
    volumes = {name: _claim(name, "{pvc_name}")}
    return traits, volumes, {name: _mount(name, wanted["homeMountPath"], dynamic.get("subPath"))}


def _claim(name: str, claim: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def _mount(name: str, path: str, below: str | None) -> dict[str, Any]:
    return {"name": name, "mountPath": path, "subPath": below}


def _named(entries: Mapping[str, Any] | list[dict[str, Any]] | None, *, numbered: bool) -> Named:
    """Give entries by a key: a mapping has them, a list gets them from its names.

    Mounts are numbered as well, since one volume may be mounted twice.
    """
    if isinstance(entries, Mapping):
        return dict(entries)
    return {
        f"{index}-{entry['name']}" if numbered else entry["name"]: entry
        for index, entry in enumerate(entries or [])
    }
