"""Why a pod is not ready, in the words of its status: scheduling, images, crashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded.providers.kube.client import Object
from embedded.providers.kube.waits.readiness import (
    Look,
    Readiness,
    condition,
    namespace_of,
    selector_text,
    spec_of,
    status_of,
)

MOST_PODS = 5
QUIET = frozenset({"ContainerCreating", "PodInitializing"})
CRASHED = frozenset({"CrashLoopBackOff", "Error", "OOMKilled"})


def full_name(obj: Object) -> str:
    """Write namespace/name, leaving out the namespace `default`."""
    namespace = namespace_of(obj)
    name = str(obj["metadata"]["name"])
    return name if namespace == "default" else f"{namespace}/{name}"


def check_pod(look: Look, pod: Object) -> Readiness:
    """Judge a pod: ready, succeeded, or not."""
    if condition(pod, "Ready").get("status") == "True" or status_of(pod).get("phase") == "Succeeded":
        return Readiness(True, "✅ Pod ready")
    found = problems(pod)
    return Readiness(False, f"Waiting for Pod {full_name(pod)!r} to be ready", found)


def problems(pod: Object) -> list[str]:
    """List what keeps a pod from being ready."""
    if condition(pod, "Ready").get("status") == "True" or status_of(pod).get("phase") == "Succeeded":
        return []
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return [f"[Pod {full_name(pod)}]: {scheduled.get('message') or scheduled.get('reason')}"]
    status = status_of(pod)
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    found = [line for one in containers for line in _container(pod, one)]
    if found:
        return found
    message = condition(pod, "Ready").get("message") or status.get("message")
    return [f"[Pod {full_name(pod)}]: {message}"] if message else []


def _container(pod: Object, status: Mapping[str, Any]) -> list[str]:
    if status.get("ready") or (status.get("state") or {}).get("terminated", {}).get("exitCode") == 0:
        return []
    state, name = status.get("state") or {}, status.get("name")
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    last = (status.get("lastState") or {}).get("terminated") or {}
    found = []
    if waiting and waiting.get("reason") not in QUIET:
        found.append(f"[{waiting.get('reason')}] {waiting.get('message') or ''}".rstrip())
    for one in (ended, last):
        if one:
            said = f": {one['message'].strip()}" if one.get("message") else ""
            found.append(
                f"container {name!r} ended ({one.get('reason')}, exit code {one.get('exitCode')}){said}"
            )
    if not found:
        return []
    if waiting.get("reason") in CRASHED or ended or last:
        found.append(_logs(pod, str(name), again=bool(last)))
    return [f"[Pod {full_name(pod)}]: {line}" for line in found]


def _logs(pod: Object, container: str, *, again: bool) -> str:
    place = f"-n {namespace_of(pod)} {pod['metadata']['name']} -c {container}"
    return f"its last words: kubectl logs {place}{' --previous' if again else ''}"


def owned_pods(look: Look, owner: Object) -> list[Object]:
    """List the pods that a workload's selector chooses, newest first."""
    text = selector_text(spec_of(owner).get("selector") or {})
    if not text:
        return []
    found = look.listed(f"/api/v1/namespaces/{namespace_of(owner)}/pods", labelSelector=text)
    return sorted(found, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)


def owned_problems(look: Look, owner: Object) -> list[str]:
    """List the problems of a workload's newest pods."""
    return [line for pod in owned_pods(look, owner)[:MOST_PODS] for line in problems(pod)]


def warnings(look: Look, namespace: str, name: str, uid: str = "") -> list[str]:
    """List the last warnings the cluster recorded about an object."""
    selector = f"type=Warning,involvedObject.name={name}" + (f",involvedObject.uid={uid}" if uid else "")
    events = look.listed(f"/api/v1/namespaces/{namespace}/events", fieldSelector=selector)
    events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return [f"[{event.get('reason')}] {event.get('message')}" for event in events[-3:]]
