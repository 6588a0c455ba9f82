"""What to look at after something failed: pods that are not ready, warnings, the logs that complain."""

from __future__ import annotations

import re
from typing import Any

from embedded.fault import Fault
from embedded.node import files, ownership
from embedded.node.api import Api, Document
from embedded.node.health import Part, status
from embedded.node.layout import Layout, layout
from embedded.node.processes import Processes
from embedded.paths import Paths

EVENTS = 10
COMPLAINT = re.compile(
    r"^[EF]\d{4} |level=(error|fatal)|\bERR\b|\"level\":\"(error|fatal)\"|panic:|Traceback"
)
# Said in good health: the provisioner looks for the logs of its short pods as if it were a pod itself.
USUAL = re.compile(r"unable to retrieve in cluster config|The manifest file is empty|not as new as written")
LOG_LINES = 4


def diagnose(paths: Paths) -> str:
    """A text for a person: what is wrong, and the next command to try."""
    place = layout(paths)
    parts = status(paths)
    broken = [part for part in parts if not part.ok]
    sections = [
        _section("Parts of the node that are not well", [f"{part.name}: {part.detail}" for part in broken])
    ]
    owner = ownership.read(place)
    pods: list[str] = []
    if owner and any(part.name == "API" and part.ok for part in parts):
        try:
            with Api(place, owner.options) as api:
                pods = unready(api.items("/api/v1/pods"))
                sections.append(_section("Pods that are not ready", pods))
                sections.append(_section("Last warnings", warnings(api.items("/api/v1/events"))))
        except Fault as fault:
            sections.append(fault.what)
    sections.append(_section("Last complaints in the logs", _complaints(place, broken)))
    found = [section for section in sections if section] or ["Nothing is wrong with the node or its pods."]
    return "\n\n".join([*found, f"Next: {_next(broken, pods, paths)}"])


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)]) if lines else ""


def _next(broken: list[Part], pods: list[str], paths: Paths) -> str:
    if broken:
        return "make up  (starts what is down, keeps what runs)"
    if pods:
        namespace, _, name = pods[0].split(":")[0].partition("/")
        return f"KUBECONFIG={paths.kubeconfig} kubectl -n {namespace} describe pod {name}"
    return "make status"


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


def warnings(events: list[Document]) -> list[str]:
    """The last warnings, each once, the newest last."""
    found = [event for event in events if event.get("type") == "Warning"]
    found.sort(key=_time)
    lines = [
        f"{event['involvedObject'].get('kind')}/{event['involvedObject'].get('name')}: "
        f"{event.get('reason')}: {str(event.get('message', ''))[:240]}"
        for event in found
    ]
    return list(dict.fromkeys(reversed(lines)))[:EVENTS][::-1]


def _time(event: Document) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _complaints(place: Layout, broken: list[Part]) -> list[str]:
    """The end of a dead part's log; of a living one only what it complains about."""
    processes = Processes(place.records, place.paths.logs, str(place.state))
    dead = {part.name for part in broken}
    lines = []
    for name in processes.names():
        log = processes.log(name)
        if name in dead:
            chosen = files.last_lines(log, 8)
        else:
            chosen = complaints(files.last_lines(log, 40))[-LOG_LINES:]
        lines += [f"{name}: {line}" for line in chosen]
    return lines


def complaints(lines: list[str]) -> list[str]:
    """The lines that say an error which is one."""
    return [line for line in lines if COMPLAINT.search(line) and not USUAL.search(line)]
