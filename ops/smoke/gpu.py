"""A server with a GPU: is one free, does a server get it, and does the kernel see it."""

from __future__ import annotations

import json

from ops.kubectl import Json, Kubectl, NoAnswer
from ops.smoke.outcome import Failed, Seen, Skipped
from ops.smoke.server_checks import said_by
from ops.smoke.visit import Visit, is_own
from settings.names import amount
from settings.profiles import Gpu, Profile

_FOLLOWS = "Nobody gets a GPU."
_OVER = ("Succeeded", "Failed")
# What the API server says, and what the hub makes of it and of what it sees.
_TAKEN = ("exceeded quota", "The hub's quota has no room", "are in use", "are free")
_CODE = """
import glob, json, subprocess
try:
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60).stdout
except (OSError, subprocess.SubprocessError):
    listed = ""
found = [line.split("(UUID")[0].strip() for line in listed.splitlines() if line.strip()]
print(json.dumps({"seen": found or sorted(glob.glob("/dev/nvidia[0-9]*"))}))
"""


def gpu(visit: Visit) -> Seen:
    """The smallest profile with a GPU gives a server that has it."""
    profile, wanted = _profile(visit)
    _room(visit.live.cluster, wanted)
    visit.tell("stopping the server")
    visit.hub.stop()
    try:
        visit.starter.start(profile.slug)
    except Failed as failed:
        # Quota, or others were faster: there are GPUs, and they are in use.
        if any(words in failed.what for words in (f"Insufficient {wanted.resource}", *_TAKEN)):
            raise Skipped(f"no {wanted.resource} is free now: {failed.what}") from failed
        raise
    given = next((_asked(pod, wanted.resource) for pod in visit.pods()), 0)
    if given != wanted.count:
        raise Failed(
            f"the server has {given} of {wanted.resource}, and its profile says {wanted.count}",
            _FOLLOWS,
            f"See whether the settings are deployed: `pulumi preview --stack {visit.live.stack} --diff`.",
        )
    if visit.settings.cluster.gpu == "pretended":
        said_by(visit.hub, _CODE)
        return Seen(
            f"{profile.slug}: a server with {given} {wanted.resource}, pretended: it computes nothing"
        )
    return _seen_inside(visit, profile)


def _seen_inside(visit: Visit, profile: Profile) -> Seen:
    seen = said_by(visit.hub, _CODE, 120).get("seen")
    if not isinstance(seen, list) or not seen:
        raise Failed(
            "the kernel sees no GPU: nvidia-smi names none, and there is no device",
            _FOLLOWS,
            "See whether the node's container runtime is NVIDIA's, and the device plugin's log: docs/gpu.md.",
        )
    return Seen(f"{profile.slug}: {', '.join(map(str, seen))}")


def _profile(visit: Visit) -> tuple[Profile, Gpu]:
    offered = [one for one in visit.settings.profiles if one.enabled and one.gpu]
    if not visit.options.gpu:
        raise Skipped("--no-gpu")
    if not offered or visit.settings.cluster.gpu == "none":
        raise Skipped("the settings offer no profile with a GPU")
    profile = min(offered, key=lambda one: (one.gpu.count if one.gpu else 0, amount(one.memory.guarantee)))
    assert profile.gpu  # noqa: S101 -- for the type
    return profile, profile.gpu


def _room(cluster: Kubectl, wanted: Gpu) -> None:
    """See whether there are GPUs at all, and whether one is free; who may not look finds out by trying."""
    try:
        nodes, pods = _everywhere(cluster, "nodes"), _everywhere(cluster, "pods")
    except NoAnswer as refused:
        if refused.forbidden:
            return
        raise
    offers = {node["metadata"]["name"]: _offered(node, wanted.resource) for node in nodes}
    if not any(offers.values()):
        raise Failed(
            f"no node of the cluster offers {wanted.resource}, and the settings have a profile with it",
            _FOLLOWS,
            "`kubectl describe nodes`: is it among what they offer? docs/gpu.md says who puts it there.",
        )
    for pod in pods:
        if is_own(pod) or pod["status"].get("phase") in _OVER:
            continue
        if (node := pod["spec"].get("nodeName")) in offers:
            offers[node] -= _asked(pod, wanted.resource)
    if max(offers.values()) < wanted.count:
        raise Skipped(f"all {wanted.resource} are in use now; that is no fault")


def _everywhere(cluster: Kubectl, kind: str) -> list[Json]:
    found: list[Json] = json.loads(cluster.run("get", kind, "--all-namespaces", "--output", "json"))["items"]
    return found


def _offered(node: Json, resource: str) -> int:
    return int(node["status"].get("allocatable", {}).get(resource, 0))


def _asked(pod: Json, resource: str) -> int:
    return sum(
        int(one.get("resources", {}).get("requests", {}).get(resource, 0))
        for one in pod["spec"]["containers"]
    )
