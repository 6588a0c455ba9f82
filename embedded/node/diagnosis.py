"""What to look at after something failed: pods that are not ready, warnings, the logs that complain."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from embedded.fault import Fault
from embedded.node import files, ownership, troubles
from embedded.node.api import Api
from embedded.node.health import Part, status
from embedded.node.layout import Layout, layout
from embedded.node.processes import Processes
from embedded.paths import Paths

RECENT = timedelta(minutes=15)
COMPLAINT = re.compile(
    r"^[EF]\d{4} |level=(error|fatal)|\bERR\b|\"level\":\"(error|fatal)\"|panic:|Traceback"
)
# Said in good health, each for a reason of its own: the provisioner looks for the logs of its short pods as
# if it were a pod itself; kube-proxy asks for its table before it has made it; a pod that has just gone is
# asked after once more (by kubelet, the controllers, Traefik).
USUAL = re.compile(
    r"unable to retrieve in cluster config|The manifest file is empty|not as new as written"
    r"|Failed to list existing nftables objects|no relationship found between node|memory cgroup"
    r"|Failed to ensure process in container with oom score|in work queue no longer exists"
    r"|unexpected items still remain in namespace|service not found|secret \S+ does not exist"
)
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
                every = api.items("/api/v1/pods")
                pods = troubles.unready(every)
                sections.append(_section("Pods that are not ready", pods))
                sections.append(_section("What their containers said last", troubles.said(api, every)))
                recent = troubles.warnings(api.items("/api/v1/events"), _long_ago())
                sections.append(_section("Last warnings", recent))
        except Fault as fault:
            sections.append(fault.what)
    sections.append(_section("Last complaints in the logs", _complaints(place, broken)))
    found = [section for section in sections if section] or ["Nothing is wrong with the node or its pods."]
    return "\n\n".join([*found, f"Next: {_next(broken, pods, paths)}"])


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)]) if lines else ""


def _long_ago() -> str:
    """Return the time, as the API writes it, before which a warning explains nothing any more."""
    return (datetime.now(UTC) - RECENT).strftime("%Y-%m-%dT%H:%M:%SZ")


def _next(broken: list[Part], pods: list[str], paths: Paths) -> str:
    if broken:
        return "make up  (starts what is down, keeps what runs)"
    if pods:
        namespace, _, name = pods[0].split(":")[0].partition("/")
        return f"KUBECONFIG={paths.kubeconfig} kubectl -n {namespace} describe pod {name}"
    return "make status"


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
