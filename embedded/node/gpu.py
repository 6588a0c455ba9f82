"""Pretend GPUs: `nvidia.com/gpu` on the node's status, enough for scheduling by request."""

from __future__ import annotations

from embedded.node.api import Api, Document
from embedded.node.layout import NODE_NAME

RESOURCE = "nvidia.com/gpu"
_POINTER = RESOURCE.replace("/", "~1")


def changes(node: Document, count: int) -> list[Document]:
    """What must change on a node's status so that it offers this many; empty when it does."""
    found: list[Document] = []
    for field in ("capacity", "allocatable"):
        there = node["status"].get(field, {}).get(RESOURCE)
        path = f"/status/{field}/{_POINTER}"
        if count and there != str(count):
            found.append({"op": "add", "path": path, "value": str(count)})
        elif not count and there is not None:
            found.append({"op": "remove", "path": path})
    return found


def offer(api: Api, count: int) -> None:
    """Make the node offer this many; a kubelet that registers anew forgets them."""
    node = api.get(f"/api/v1/nodes/{NODE_NAME}")
    needed = changes(node, count) if node else []
    if needed:
        api.patch(f"/api/v1/nodes/{NODE_NAME}/status", needed)
