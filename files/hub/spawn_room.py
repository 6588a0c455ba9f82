"""How many GPUs the nodes have, and how many of them nobody has asked for.

Runs in the hub, where the settings grant it sight of nodes and pods. An answer is kept for some seconds;
where none comes, nothing is known, and nothing waits for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
Fetch = Callable[[Collection[str]], Awaitable[tuple[list[Json], list[Json]]]]

_LOG = logging.getLogger("tornado.application")
KEPT = 10.0
"""Seconds for which an answer is good enough to be shown."""
LONGEST = 3.0
"""Seconds after which the page is shown without numbers."""


@dataclass(frozen=True)
class Place:
    """A node that takes pods: its labels, what it offers, and what pods on it have asked for."""

    labels: Mapping[str, str]
    offered: Mapping[str, int]
    taken: Mapping[str, int]

    def free(self, resource: str) -> int:
        """Give how many are left."""
        return max(0, self.offered.get(resource, 0) - self.taken.get(resource, 0))


@dataclass(frozen=True)
class Free:
    """Of one resource, on the nodes that fit: how many there are, how many are free, how many on one node."""

    of: int
    free: int
    together: int


@dataclass(frozen=True)
class Room:
    """All nodes that take pods."""

    places: tuple[Place, ...]

    def free(self, resource: str, labels: Mapping[str, str]) -> Free:
        """Count on the nodes that have these labels."""
        fitting = [one for one in self.places if labels.items() <= one.labels.items()]
        free = [one.free(resource) for one in fitting]
        return Free(sum(one.offered.get(resource, 0) for one in fitting), sum(free), max(free, default=0))


def counted(nodes: Iterable[Json], pods: Iterable[Json], resources: Collection[str]) -> Room:
    """Count what nodes offer and what pods on them hold."""
    taken: dict[str, dict[str, int]] = {}
    for pod in pods:
        if _holds(pod):
            held = taken.setdefault(pod["spec"].get("nodeName") or "", {})
            for resource in resources:
                held[resource] = held.get(resource, 0) + _asked(pod, resource)
    return Room(
        tuple(
            Place(
                node["metadata"].get("labels") or {},
                {name: int(_allocatable(node).get(name, 0)) for name in resources},
                taken.get(node["metadata"]["name"], {}),
            )
            for node in nodes
            if _takes_pods(node)
        )
    )


def _holds(pod: Json) -> bool:
    # What a pod that is ending holds is free by the time that another one is placed.
    leaving = pod["metadata"].get("deletionTimestamp")
    return not leaving and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def _asked(pod: Json, resource: str) -> int:
    """Give what a pod holds: containers at the same time, those that run before them one after another."""

    def of(one: Json) -> int:
        given = one.get("resources") or {}
        return int((given.get("requests") or given.get("limits") or {}).get(resource, 0))

    spec = pod["spec"]
    before = max((of(one) for one in spec.get("initContainers") or ()), default=0)
    return max(before, sum(of(one) for one in spec["containers"]))


def _allocatable(node: Json) -> Mapping[str, str]:
    found: Mapping[str, str] = node["status"].get("allocatable") or {}
    return found


def _takes_pods(node: Json) -> bool:
    ready = any(
        one["type"] == "Ready" and one["status"] == "True" for one in node["status"].get("conditions") or ()
    )
    return ready and not node["spec"].get("unschedulable")


class Sight:
    """Looks, and remembers for some seconds what it saw."""

    def __init__(self, fetch: Fetch, kept: float = KEPT, longest: float = LONGEST) -> None:
        self._fetch, self._kept, self._longest = fetch, kept, longest
        self._seen: Room | None = None
        self._when = float("-inf")
        self._of: frozenset[str] = frozenset()
        self._one_at_a_time = asyncio.Lock()

    async def room(self, resources: Collection[str], *, fresh: bool = False) -> Room | None:
        """Give what there is, or nothing where that cannot be told."""
        asked = time.monotonic()
        async with self._one_at_a_time:
            # Whoever waited for the lock has the answer that was fetched meanwhile.
            good = self._when >= asked if fresh else asked - self._when <= self._kept
            if not (good and self._of >= set(resources)):
                self._of = self._of | set(resources)
                self._seen = await self._look()
                self._when = time.monotonic()
            return self._seen

    async def _look(self) -> Room | None:
        try:
            nodes, pods = await asyncio.wait_for(self._fetch(self._of), self._longest)
            return counted(nodes, pods, self._of)
        except Exception as error:
            # Numbers are a convenience: without them everything starts as before.
            _LOG.warning("How many GPUs are free cannot be told: %s", error or type(error).__name__)
            return None


def of_cluster(api: Callable[[], Any]) -> Fetch:
    """Make the look at a cluster: all nodes, and the pods on those that offer one of the resources."""

    async def fetch(resources: Collection[str]) -> tuple[list[Json], list[Json]]:
        # From the API server's memory: it is asked often, and a second old is new enough.
        client = api()
        nodes = await _items(client.list_node(resource_version="0", _preload_content=False))
        offering = [node for node in nodes if any(name in _allocatable(node) for name in resources)]
        fields = [f"spec.nodeName={node['metadata']['name']}" for node in offering]
        found = await asyncio.gather(
            *(
                _items(client.list_pod_for_all_namespaces(field_selector=field, _preload_content=False))
                for field in fields
            )
        )
        return offering, [pod for pods in found for pod in pods]

    return fetch


async def _items(asking: Awaitable[Any]) -> list[Json]:
    answer = await asking
    items: list[Json] = json.loads(await answer.read())["items"]
    return items
