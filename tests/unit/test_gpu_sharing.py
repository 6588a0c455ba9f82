"""GPUs that servers share: what is offered, what the operator reads, what profiles ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from chart.values import build
from settings.gpu import Gpus, offered, shared
from settings.sharing import config_map, handover, policy
from tests.unit.documents import PROJECT, Document, committed, settings_of

WHOLE = "nvidia.com/gpu"
TURNS: Document = {"kind": "timeSlices", "replicas": 4}
SLICES: Document = {"kind": "mig", "layout": "mine", "slices": {"1g.5gb": 3, "2g.10gb": 2}}
SHARE = {"guarantee": "1", "limit": "1"}
MEMORY = {"guarantee": "1Gi", "limit": "1Gi"}


def sharing(patch: Document) -> Any:  # noqa: ANN401 -- one of a union
    return Gpus.model_validate({"sharing": patch}).sharing


def override(resource: str, gpu: Document) -> dict[str, Any]:
    profile = {"name": "G", "slug": "g", "cpu": SHARE, "memory": MEMORY}
    asked = {**profile, "gpu": {"resource": resource, "count": 1}}
    default = {**profile, "name": "A", "slug": "a", "default": True}
    found = build(settings_of("lab", {"profiles": [default, asked], "gpu": gpu}))
    entry: dict[str, Any] = found["singleuser"]["profileList"][1]["kubespawner_override"]
    return entry


@pytest.mark.parametrize(
    ("patch", "whole", "parts"),
    [
        ({"kind": "none"}, True, set()),
        (TURNS, True, {"nvidia.com/gpu.shared"}),
        ({**TURNS, "everyNode": True}, False, {"nvidia.com/gpu.shared"}),
        ({**TURNS, "rename": False, "everyNode": True}, True, {WHOLE}),
        (SLICES, True, {"nvidia.com/mig-1g.5gb", "nvidia.com/mig-2g.10gb"}),
        ({**SLICES, "everyNode": True}, False, {"nvidia.com/mig-1g.5gb", "nvidia.com/mig-2g.10gb"}),
        ({**SLICES, "strategy": "single", "slices": {"1g.5gb": 7}}, True, {WHOLE}),
    ],
)
def test_what_nodes_offer(patch: Document, whole: bool, parts: set[str]) -> None:
    assert shared(sharing(patch)) == parts
    assert offered(sharing(patch)) == parts | ({WHOLE} if whole else set())


def test_turns_on_a_gpu_as_the_device_plugin_reads_them() -> None:
    name, data = config_map(sharing(TURNS), "jupyter")
    assert name == "jupyter-time-slices"
    plan = yaml.safe_load(data["shared"])
    assert plan["sharing"]["timeSlicing"] == {
        "renameByDefault": True,
        "failRequestsGreaterThanOne": True,
        "resources": [{"name": WHOLE, "replicas": 4}],
    }


def test_slices_as_the_mig_manager_reads_them() -> None:
    _, data = config_map(sharing(SLICES), "jupyter")
    layouts = yaml.safe_load(data["config.yaml"])["mig-configs"]
    assert layouts["mine"] == [
        {"devices": "all", "mig-enabled": True, "mig-devices": {"1g.5gb": 3, "2g.10gb": 2}}
    ]
    # The operator's default for nodes without a label: missing here, it would fail on each of them.
    assert layouts["all-disabled"] == [{"devices": "all", "mig-enabled": False}]


@pytest.mark.parametrize(("patch", "key"), [(TURNS, "shared"), (SLICES, "mine")])
def test_every_node_follows_a_plan_only_when_that_is_said(patch: Document, key: str) -> None:
    assert "default" not in json.dumps(policy(sharing(patch), "jupyter"))
    (told,) = [
        part["config"]
        for part in policy(sharing({**patch, "everyNode": True}), "jupyter")["spec"].values()
        if "config" in part
    ]
    assert told["default"] == key
    assert told["name"] == config_map(sharing(patch), "jupyter")[0]


@pytest.mark.parametrize("patch", [TURNS, SLICES])
def test_what_is_handed_over_is_the_object_itself(patch: Document) -> None:
    text = handover(sharing({**patch, "operatorNamespace": "nvidia"}), "jupyter")
    assert text is not None
    manifest = yaml.safe_load(text.split("# 2.")[0])
    name, data = config_map(sharing(patch), "jupyter")
    assert manifest["metadata"] == {"name": name, "namespace": "nvidia"}
    assert manifest["data"] == data
    assert "kubectl label node" in text
    every_node = handover(sharing({**patch, "everyNode": True}), "jupyter")
    assert every_node is not None
    assert "kubectl label node" not in every_node


def test_the_page_for_operators_shows_what_is_handed_over() -> None:
    text = handover(sharing(TURNS), "jupyterhub-prod")
    assert text is not None
    assert f"```\n{text}```" in (PROJECT / "docs" / "gpu.md").read_text()


def test_without_sharing_there_is_nothing_to_hand_over() -> None:
    assert handover(sharing({"kind": "none"}), "jupyter") is None


@pytest.mark.parametrize(
    ("resource", "gpu"),
    [("nvidia.com/gpu.shared", {"sharing": TURNS}), ("nvidia.com/mig-1g.5gb", {"sharing": SLICES})],
)
def test_a_profile_asks_for_a_part_and_accepts_the_taint_of_the_whole(resource: str, gpu: Document) -> None:
    found = override(resource, gpu)
    assert found["extra_resource_limits"] == found["extra_resource_guarantees"] == {resource: "1"}
    keys = [one["key"] for one in found["tolerations"]]
    assert keys.count(resource) == keys.count(WHOLE) == 1


@pytest.mark.parametrize(
    ("priority", "name"),
    [
        ({"kind": "own", "value": 100}, "jupyterhub-test-gpu"),
        ({"kind": "existing", "name": "gpu-first"}, "gpu-first"),
    ],
)
def test_servers_with_a_gpu_have_the_priority_and_no_others(priority: Document, name: str) -> None:
    profiles = build(settings_of("lab", {"gpu": {"priority": priority}}))["singleuser"]["profileList"]
    by_slug = {entry["slug"]: entry["kubespawner_override"].get("priority_class_name") for entry in profiles}
    assert by_slug == {"cpu-only": None, "gpu-standard": name}


def test_the_committed_quota_lets_every_profile_start() -> None:
    for stack in ("aiv-prod", "aiv-staging"):
        document = committed(stack)
        most = max(profile["gpu"]["count"] for profile in document["profiles"] if "gpu" in profile)
        assert document["gpu"]["quota"][WHOLE] >= most
