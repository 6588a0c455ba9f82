"""What NVIDIA's GPU operator has to be told so that servers share GPUs: an object, a text to hand over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from settings.gpu import WHOLE, Mig, NoSharing, Sharing, TimeSlices

_PLAN = "shared"


def config_map(sharing: TimeSlices | Mig, namespace: str) -> tuple[str, dict[str, str]]:
    """Give name and data of the ConfigMap. Others have theirs beside it, so the name says whose it is."""
    if isinstance(sharing, TimeSlices):
        return f"{namespace}-time-slices", {_PLAN: _yaml(_time_slices(sharing))}
    return f"{namespace}-mig-layouts", {"config.yaml": _yaml(_layouts(sharing))}


def _time_slices(sharing: TimeSlices) -> dict[str, Any]:
    return {
        "version": "v1",
        "sharing": {
            "timeSlicing": {
                "renameByDefault": sharing.rename,
                # Two turns are no larger part of a GPU than one: who asks for them is told so.
                "failRequestsGreaterThanOne": True,
                "resources": [{"name": WHOLE, "replicas": sharing.replicas}],
            }
        },
    }


def _layouts(sharing: Mig) -> dict[str, Any]:
    cut = {"devices": "all", "mig-enabled": True, "mig-devices": dict(sharing.slices)}
    # The operator gives nodes that nobody labelled this layout, and looks for it here.
    uncut = {"devices": "all", "mig-enabled": False}
    return {"version": "v1", "mig-configs": {"all-disabled": [uncut], sharing.layout: [cut]}}


def policy(sharing: TimeSlices | Mig, namespace: str) -> dict[str, Any]:
    """Give what the operator's ClusterPolicy needs besides, as a merge patch."""
    name, _ = config_map(sharing, namespace)
    if isinstance(sharing, TimeSlices):
        default = {"default": _PLAN} if sharing.every_node else {}
        return {"spec": {"devicePlugin": {"config": {"name": name, **default}}}}
    default = {"default": sharing.layout} if sharing.every_node else {}
    return {
        "spec": {
            "mig": {"strategy": sharing.strategy},
            "migManager": {"config": {"name": name, **default}},
        }
    }


def handover(sharing: Sharing, namespace: str) -> str | None:
    """Write what the GPU operator's owner has to do; None where there is nothing to do."""
    if isinstance(sharing, NoSharing):
        return None
    label = (
        f"nvidia.com/mig.config={sharing.layout}"
        if isinstance(sharing, Mig)
        else f"nvidia.com/device-plugin.config={_PLAN}"
    )
    patch = json.dumps(policy(sharing, namespace), separators=(",", ":"))
    steps = [
        f"# 1. {'Made by this stack' if sharing.manage else 'Apply this'}:",
        _manifest(sharing, namespace).rstrip(),
        "# 2. Tell the operator, once (or write the same into the values of its chart):",
        f"kubectl patch clusterpolicies.nvidia.com/cluster-policy --type merge -p '{patch}'",
    ]
    if not sharing.every_node:
        steps += ["# 3. Choose the nodes:", f"kubectl label node NODE {label} --overwrite"]
    return "\n".join(steps) + "\n"


def _manifest(sharing: TimeSlices | Mig, namespace: str) -> str:
    name, data = config_map(sharing, namespace)
    return _yaml(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": sharing.operator_namespace},
            "data": data,
        }
    )


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _yaml(value: Mapping[str, Any]) -> str:
    written: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False)
    return written
