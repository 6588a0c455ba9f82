"""Where pods land and what profiles ask for: nodes, taints, GPUs together or apart, who is offered what."""

from __future__ import annotations

from typing import Any

import pytest

from chart.values import build
from settings import Settings
from tests.unit.documents import Document, local, patched, settings, settings_of

DEDICATED = {
    "placement": {
        "coreNodes": {"pool": "core"},
        "userNodes": {"pool": "users"},
        "userTolerations": [{"key": "dedicated", "value": "jupyter"}, {"key": "spot", "effect": "NoExecute"}],
        "hubApartFromProxy": True,
        "gpuServers": "spread",
        "priority": {"core": "core-first", "users": "users-last"},
    }
}


def values(patch: Document | None = None) -> dict[str, Any]:
    return build(settings(patch))


def overrides(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["slug"]: entry["kubespawner_override"] for entry in made["singleuser"]["profileList"]}


def test_every_gpu_profile_asks_for_its_gpus_and_tolerates_their_nodes() -> None:
    gpus = {}
    for slug, override in overrides(values()).items():
        if "extra_resource_limits" in override:
            gpus[slug] = override["extra_resource_limits"]["nvidia.com/gpu"]
            assert override["extra_resource_guarantees"] == override["extra_resource_limits"]
            taint = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
            assert override["tolerations"].count(taint) == 1
    assert gpus == {"gpu-standard": "1", "gpu-large": "2"}


def test_a_taint_that_all_users_accept_is_not_said_twice() -> None:
    placement = {"placement": {"userTolerations": [{"key": "nvidia.com/gpu"}]}}
    for override in overrides(build(Settings.model_validate(patched(local(), placement)))).values():
        keys = [one["key"] for one in override.get("tolerations", [])]
        assert keys.count("nvidia.com/gpu") == ("extra_resource_limits" in override)


def test_memory_is_given_in_bytes() -> None:
    assert overrides(values())["cpu-only"]["mem_limit"] == 1024**3


def test_a_gpu_profile_keeps_the_tolerations_that_its_own_replace() -> None:
    made = values(DEDICATED)
    extra = made["singleuser"]["extraTolerations"]
    assert extra == [
        {"key": "dedicated", "operator": "Equal", "value": "jupyter", "effect": "NoSchedule"},
        {"key": "spot", "operator": "Exists", "effect": "NoExecute"},
    ]
    kept = overrides(made)["gpu-large"]["tolerations"]
    assert all(one in kept for one in extra)
    assert {
        "key": "hub.jupyter.org/dedicated",
        "operator": "Equal",
        "value": "user",
        "effect": "NoSchedule",
    } in kept


@pytest.mark.parametrize(
    ("way", "wish"), [("pack", "pod_affinity_preferred"), ("spread", "pod_anti_affinity_preferred")]
)
def test_servers_with_gpus_are_drawn_together_or_apart(way: str, wish: str) -> None:
    made = overrides(values({"placement": {"gpuServers": way}}))
    label = {"gpu-resource": "nvidia.com_gpu"}
    for slug in ("gpu-standard", "gpu-large"):
        assert [key for key in made[slug] if "affinity" in key] == [wish]
        (term,) = made[slug][wish]
        assert term["podAffinityTerm"]["labelSelector"]["matchLabels"] == made[slug]["extra_labels"] == label
        assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert not [key for key in made["cpu-only"] if "affinity" in key or key == "extra_labels"]


def test_nodes_and_priorities_of_hub_proxy_and_users() -> None:
    made = values(DEDICATED)
    for core in (made["hub"], made["proxy"]["chp"]):
        assert core["nodeSelector"] == {"pool": "core"}
        assert core["extraPodSpec"]["priorityClassName"] == "core-first"
    assert made["singleuser"]["nodeSelector"] == {"pool": "users"}
    assert made["hub"]["config"]["KubeSpawner"]["priority_class_name"] == "users-last"


def test_hub_and_proxy_count_each_other_when_they_spread() -> None:
    made = values(DEDICATED)
    (one,) = made["hub"]["extraPodSpec"]["topologySpreadConstraints"]
    assert made["proxy"]["chp"]["extraPodSpec"]["topologySpreadConstraints"] == [one]
    assert one["labelSelector"]["matchExpressions"][0]["values"] == ["hub", "proxy"]
    assert one["labelSelector"]["matchLabels"] == {"app.kubernetes.io/instance": "jupyterhub"}
    assert one["whenUnsatisfiable"] == "ScheduleAnyway"
    assert "affinity" not in made["hub"]["extraPodSpec"]


def test_nothing_is_said_about_nodes_that_nobody_chose() -> None:
    made = values()
    assert not {"nodeSelector", "extraPodSpec", "tolerations"} & set(made["hub"])
    assert not {"nodeSelector", "extraTolerations"} & set(made["singleuser"])


def test_a_planned_profile_is_offered_to_nobody() -> None:
    assert list(overrides(build(settings_of("lab")))) == ["cpu-only", "gpu-standard"]


def test_a_lost_node_is_left_soon_and_routes_come_back_soon() -> None:
    made = values({"availability": {"kind": "fastRestart", "nodeLoss": "20s"}})
    for core in (made["hub"], made["proxy"]["chp"]):
        assert {one["key"]: one["tolerationSeconds"] for one in core["tolerations"]} == {
            "node.kubernetes.io/not-ready": 20,
            "node.kubernetes.io/unreachable": 20,
        }
    assert made["hub"]["config"]["JupyterHub"]["last_activity_interval"] < 60
    assert "last_activity_interval" not in values()["hub"]["config"]["JupyterHub"]


def test_a_large_proxy_uses_the_memory_that_it_has() -> None:
    limits = {"hub": {"proxyResources": {"limits": {"memory": "1536Mi"}}}}
    assert values(limits)["proxy"]["chp"]["extraEnv"] == {"NODE_OPTIONS": "--max-old-space-size=1152"}
    assert "extraEnv" not in values()["proxy"]["chp"]
