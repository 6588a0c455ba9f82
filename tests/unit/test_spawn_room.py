"""How many GPUs are free, and which options can start with them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection
from typing import Any

import pytest

from tests.unit.documents import PROJECT

sys.path.insert(0, str(PROJECT / "files" / "hub"))
from spawn_marks import cannot_start, marked, resources
from spawn_room import Room, Sight, counted

GPU = "nvidia.com/gpu"


def node(name: str, gpus: int, ready: str = "True", **more: object) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"name": name}},
        "spec": {"unschedulable": True} if more.get("closed") else {},
        "status": {"allocatable": {GPU: str(gpus)}, "conditions": [{"type": "Ready", "status": ready}]},
    }


def pod(where: str, gpus: int, phase: str = "Running", **metadata: str) -> dict[str, Any]:
    return {
        "metadata": metadata,
        "spec": {"nodeName": where, "containers": [{"resources": {"requests": {GPU: str(gpus)}}}, {}]},
        "status": {"phase": phase},
    }


def room(*, pods: list[dict[str, Any]] | None = None) -> Room:
    return counted([node("a", 4), node("b", 4)], pods or [], {GPU})


def test_what_pods_hold_is_not_free() -> None:
    taken = room(pods=[pod("a", 3), pod("b", 2), pod("a", 1, "Succeeded"), pod("c", 4)])
    free = taken.free(GPU, {})
    assert (free.of, free.free, free.together) == (8, 3, 2)


def test_what_an_ending_pod_holds_is_as_good_as_free() -> None:
    assert room(pods=[pod("a", 4, deletionTimestamp="2026-01-01T00:00:00Z")]).free(GPU, {}).free == 8


def test_containers_that_run_before_count_by_the_largest() -> None:
    early = pod("a", 1)
    early["spec"]["initContainers"] = [{"resources": {"limits": {GPU: "3"}}}]
    assert room(pods=[early]).free(GPU, {}).free == 5


@pytest.mark.parametrize("broken", [node("b", 4, "False"), node("b", 4, "Unknown"), node("b", 4, closed=1)])
def test_a_node_that_takes_no_pods_offers_nothing(broken: dict[str, Any]) -> None:
    assert counted([node("a", 4), broken], [], {GPU}).free(GPU, {}).of == 4


def test_only_nodes_with_the_labels_count() -> None:
    assert room().free(GPU, {"name": "a"}).of == 4
    assert room().free(GPU, {"name": "z"}).of == 0


@pytest.mark.parametrize(
    ("pods", "asked", "why"),
    [
        ([], 4, ""),
        ([], 5, "5 GPUs are needed on one machine, and the 8 free ones are apart."),
        ([pod("a", 3), pod("b", 3)], 2, "2 GPUs are needed on one machine, and the 2 free ones are apart."),
        ([pod("a", 4), pod("b", 3)], 2, "2 GPUs are needed, and 1 of 8 are free."),
        ([pod("a", 4), pod("b", 4)], 1, "No GPU is free: 8 of 8 are in use."),
    ],
)
def test_why_an_option_cannot_start(pods: list[dict[str, Any]], asked: int, why: str) -> None:
    assert cannot_start({GPU: asked}, {}, room(pods=pods)) == why


def test_a_resource_that_no_node_has_is_not_there() -> None:
    assert cannot_start({GPU: 1}, {}, Room(())) == "No GPU is there."


def profile(count: int, *sizes: int) -> dict[str, Any]:
    def asks(number: int) -> dict[str, Any]:
        return {"kubespawner_override": {"extra_resource_limits": {GPU: str(number)}}}

    choices = {str(size): {"display_name": str(size), **asks(size)} for size in sizes}
    options = {"profile_options": {"size": {"choices": choices}}} if sizes else {}
    return {"slug": "gpu", "display_name": "GPU", **asks(count), **options}


def test_an_option_says_how_many_are_free_and_is_closed_where_it_cannot_start() -> None:
    taken = room(pods=[pod("a", 4), pod("b", 3)])
    small, large, plain = marked([profile(1), profile(2), {"slug": "cpu"}], taken, {}, grows=False)
    assert small["now"] == {"free": "1 of 8 GPUs free", "why": "", "closed": False}
    assert large["now"]["closed"]
    assert "now" not in plain


def test_an_option_stays_open_while_one_of_its_sizes_can_start() -> None:
    (one,) = marked([profile(2, 2, 1)], room(pods=[pod("a", 4), pod("b", 3)]), {}, grows=False)
    sizes = one["profile_options"]["size"]["choices"]
    assert [sizes[size]["now"]["closed"] for size in ("2", "1")] == [True, False]
    assert not one["now"]["closed"]


def test_where_nodes_are_added_nothing_is_closed() -> None:
    (one,) = marked([profile(1)], room(pods=[pod("a", 4), pod("b", 4)]), {}, grows=True)
    assert not one["now"]["closed"]
    assert "A machine is added" in one["now"]["why"]


def test_without_sight_the_options_stay_as_they_are() -> None:
    options = [profile(1, 1, 2)]
    assert marked(options, None, {}, grows=False) is options
    assert resources([*options, {"slug": "cpu"}]) == {GPU}


class World:
    """A cluster that counts how often it is asked."""

    def __init__(self, *answers: object) -> None:
        self.asked = 0
        self.answers = list(answers)

    async def __call__(self, _resources: Collection[str]) -> tuple[list[Any], list[Any]]:
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        if answer == "silent":
            await asyncio.sleep(60)
        return [node("a", 4)], []


def test_an_answer_is_kept_and_fetched_once_for_all_who_ask_at_once() -> None:
    async def ask() -> int:
        world = World("fine")
        sight = Sight(world)
        found = await asyncio.gather(*(sight.room({GPU}) for _ in range(5)))
        assert all(one and one.free(GPU, {}).of == 4 for one in found)
        await asyncio.gather(*(sight.room({GPU}, fresh=True) for _ in range(5)))
        return world.asked

    assert asyncio.run(ask()) == 2


@pytest.mark.parametrize("answer", ["silent", OSError("refused"), ValueError("no JSON")])
def test_a_cluster_that_does_not_answer_holds_nobody_up(answer: object) -> None:
    async def ask() -> None:
        world = World(answer)
        sight = Sight(world, longest=0.05)
        assert await sight.room({GPU}) is None
        assert await sight.room({GPU}) is None
        assert world.asked == 1

    asyncio.run(asyncio.wait_for(ask(), 10))


def test_an_answer_without_the_resource_is_not_kept_for_it() -> None:
    async def ask() -> int:
        world = World("fine")
        sight = Sight(world)
        await sight.room({GPU})
        await sight.room({"nvidia.com/gpu.shared"})
        return world.asked

    assert asyncio.run(ask()) == 2
