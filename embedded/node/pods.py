"""Pods over a stop: the API calls them ready when nothing of them runs any more, until told otherwise."""

from __future__ import annotations

import json
import time

from embedded.node.api import Api, Document
from embedded.node.layout import NODE_NAME

ON_NODE = f"/api/v1/pods?fieldSelector=spec.nodeName={NODE_NAME}"
BACK_PATIENCE = 60.0


def path(pod: Document) -> str:
    """Where a pod lives in the API."""
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def ready(pod: Document | None) -> bool:
    """Whether a pod is called ready."""
    conditions = (pod or {}).get("status", {}).get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def mark_down(api: Api) -> list[str]:
    """Call every pod of the node unready, as the cluster does for a node that is lost; says which were ready.

    Else its Service sends people to an address where nobody is, and whoever waits for it waits for nothing.
    """
    lost = [pod for pod in api.items(ON_NODE) if ready(pod)]
    conditions = [
        {"type": kind, "status": "False", "reason": "NodeWasDown"} for kind in ("Ready", "ContainersReady")
    ]
    change = json.dumps({"status": {"conditions": conditions}})
    for pod in lost:
        api.merge(f"{path(pod)}/status", change)
    return [path(pod) for pod in lost]


def await_back(api: Api, paths: list[str], patience: float = BACK_PATIENCE) -> list[str]:
    """Wait until they are ready again, or gone, or time is up; says which are still missing."""
    deadline = time.monotonic() + patience
    missing = paths
    while missing and time.monotonic() < deadline:
        found = {path(pod): pod for pod in api.items(ON_NODE)}
        missing = [name for name in missing if name in found and not ready(found[name])]
        if missing:
            time.sleep(0.3)
    return [f"{name.split('/')[4]}/{name.split('/')[6]}" for name in missing]
