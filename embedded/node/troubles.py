"""Pods in trouble, in their own words: why they are not ready, what containers and events said last."""

from __future__ import annotations

from typing import Any

from embedded.node.api import Api, Document

EVENTS = 10
PODS = 3
LINES = 8


def unready(pods: list[Document]) -> list[str]:
    """One line per pod that neither is ready nor has ended well, with the reason it gives."""
    lines = []
    for pod in pods:
        state = pod.get("status", {})
        conditions = {entry["type"]: entry for entry in state.get("conditions", [])}
        if state.get("phase") == "Succeeded" or conditions.get("Ready", {}).get("status") == "True":
            continue
        place = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        lines.append(f"{place}: {state.get('phase', 'Unknown')}; {_reason(state, conditions)}")
    return lines


def said(api: Api, pods: list[Document]) -> list[str]:
    """The last lines of containers that run without being ready, or that ended and are started again."""
    lines: list[str] = []
    for pod in [pod for pod in pods if unready([pod])][:PODS]:
        meta = pod["metadata"]
        place = f"{meta['namespace']}/{meta['name']}"
        for container in pod.get("status", {}).get("containerStatuses", []):
            before = not container.get("state", {}).get("running") and container.get("restartCount", 0) > 0
            question = f"container={container['name']}&tailLines={LINES}&previous={str(before).lower()}"
            log = api.text(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/log?{question}")
            lines += [f"{place} {container['name']}: {line[:240]}" for line in log.splitlines()]
    return lines


def _reason(state: Document, conditions: dict[str, Document]) -> str:
    containers = [*state.get("initContainerStatuses", []), *state.get("containerStatuses", [])]
    for container in containers:
        waiting = container.get("state", {}).get("waiting") or container.get("state", {}).get("terminated")
        if waiting and waiting.get("reason") not in {"PodInitializing", "Completed"}:
            return f"container {container['name']}: {_words(waiting)}"
    for kind in ("PodScheduled", "Ready"):
        if conditions.get(kind, {}).get("status") == "False":
            return _words(conditions[kind])
    return str(state.get("message", "no reason given"))


def _words(entry: dict[str, Any]) -> str:
    return f"{entry.get('reason', '')}: {entry.get('message', '')}".strip(": ")[:240]


def warnings(events: list[Document], since: str) -> list[str]:
    """The warnings since a time, each once, the newest last; not the one that every start repeats."""
    found = [
        event
        for event in events
        if event.get("type") == "Warning" and event.get("reason") != "CgroupV1" and _time(event) >= since
    ]
    found.sort(key=_time)
    lines = [
        f"{event['involvedObject'].get('kind')}/{event['involvedObject'].get('name')}: "
        f"{event.get('reason')}: {str(event.get('message', ''))[:240]}"
        for event in found
    ]
    return list(dict.fromkeys(reversed(lines)))[:EVENTS][::-1]


def _time(event: Document) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
