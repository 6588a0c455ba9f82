"""Objects behind the GPU profiles: only those that are asked for, under names that say whose they are."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.gpu import Gpu, GpuArgs
from settings.cluster import Protection
from settings.gpu import Gpus
from tests.unit.documents import Document
from tests.unit.recorder import Recorder, Request, run

QUOTA = "kubernetes:core/v1:ResourceQuota"
PRIORITY = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
MAP = "kubernetes:core/v1:ConfigMap"
TURNS = {"kind": "timeSlices", "replicas": 4, "operatorNamespace": "nvidia"}
SLICES = {"kind": "mig", "layout": "all-1g.5gb", "slices": {"1g.5gb": 7}, "operatorNamespace": "nvidia"}


def made(gpu: Document, *, retain: bool = True) -> Recorder:
    def program() -> dict[str, Any]:
        Gpu(
            "gpu",
            GpuArgs(
                namespace="jupyter",
                hub_namespace="jupyter",
                gpu=Gpus.model_validate(gpu),
                protection=Protection(retain=retain),
            ),
        )
        return {}

    return run(program)[0]


def children(recorder: Recorder) -> list[Request]:
    return [asked for asked in recorder.requests.values() if asked.custom]


@pytest.mark.parametrize(
    "gpu",
    [{}, {"priority": {"kind": "existing", "name": "first"}}, {"sharing": TURNS}, {"sharing": SLICES}],
)
def test_nothing_is_made_that_is_not_asked_for(gpu: Document) -> None:
    assert children(made(gpu)) == []


def test_the_quota_counts_requests_in_our_namespace() -> None:
    quota = made({"quota": {"nvidia.com/gpu": 4, "nvidia.com/mig-1g.5gb": 14}}).one(QUOTA).plain()
    assert quota["metadata"] == {"name": "jupyterhub-gpu", "namespace": "jupyter"}
    assert quota["spec"]["hard"] == {"requests.nvidia.com/gpu": "4", "requests.nvidia.com/mig-1g.5gb": "14"}


@pytest.mark.parametrize(("preempts", "policy"), [(False, "Never"), (True, "PreemptLowerPriority")])
def test_a_priority_pushes_nobody_out_unless_it_is_told_to(preempts: bool, policy: str) -> None:
    asked = made({"priority": {"kind": "own", "value": 100, "preempts": preempts}}).one(PRIORITY)
    found = asked.plain()
    # Cluster-wide: the namespace in its name tells two hubs apart.
    assert found["metadata"] == {"name": "jupyter-gpu"}
    assert (found["value"], found["preemptionPolicy"], found["globalDefault"]) == (100, policy, False)


def test_a_priority_that_cannot_be_changed_is_made_anew_under_its_name() -> None:
    asked = made({"priority": {"kind": "own", "value": 100}}).one(PRIORITY)
    assert set(asked.replace_on_changes) == {"value", "preemptionPolicy"}
    assert asked.delete_before_replace is True


@pytest.mark.parametrize("sharing", [TURNS, SLICES])
def test_the_operators_namespace_is_written_to_only_when_that_is_asked_for(sharing: Document) -> None:
    asked = made({"sharing": {**sharing, "manage": True}}).one(MAP)
    place = asked.plain()["metadata"]
    assert place["namespace"] == "nvidia"
    assert place["name"].startswith("jupyter-")
    for text in asked.plain()["data"].values():
        assert yaml.safe_load(text)["version"] == "v1"


def test_a_destroyed_hub_takes_no_gpu_from_others() -> None:
    sharing = {"sharing": {**TURNS, "manage": True}}
    assert made(sharing).one(MAP).retain
    assert not made(sharing, retain=False).one(MAP).retain


def test_all_are_children_of_the_component() -> None:
    gpu = {
        "quota": {"nvidia.com/gpu": 1},
        "priority": {"kind": "own", "value": 1},
        "sharing": {**TURNS, "manage": True},
    }
    found = children(made(gpu))
    assert {asked.type for asked in found} == {QUOTA, PRIORITY, MAP}
    assert all("jupyterhub:components:Gpu::gpu" in asked.parent for asked in found)
