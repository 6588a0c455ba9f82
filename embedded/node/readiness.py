"""Whether the node is ready, by what its kubelet reports."""

from __future__ import annotations

import datetime
import time

from embedded.fault import Fault
from embedded.node.api import Api, Document
from embedded.node.layout import NODE_NAME

READY_PATIENCE = 90.0


def ready(node: Document | None, not_before: float) -> bool:
    """Whether a node says that it is ready, and said so after a moment: an old word counts for nothing."""
    for condition in (node or {}).get("status", {}).get("conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            beat = datetime.datetime.fromisoformat(condition["lastHeartbeatTime"])
            return beat.timestamp() >= int(not_before)
    return False


def wait(api: Api, not_before: float, patience: float = READY_PATIENCE) -> None:
    """Wait until the kubelet reports the node ready."""
    deadline = time.monotonic() + patience
    while True:
        node = api.get(f"/api/v1/nodes/{NODE_NAME}")
        if ready(node, not_before):
            return
        if time.monotonic() > deadline:
            raise Fault(
                f"The node is not ready after {patience:.0f} s: {_why(node)}",
                "Pods are not started.",
                "Look at the kubelet's log; stop and start the node if it stays like this.",
            )
        time.sleep(0.2)


def _why(node: Document | None) -> str:
    for condition in (node or {}).get("status", {}).get("conditions", []):
        if condition["type"] == "Ready":
            return str(condition.get("message", "no reason given"))
    return "the kubelet has not registered it."
