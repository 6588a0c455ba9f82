"""The chart's values for user pods, as KubeSpawner's traits; their volumes are next door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Traits = dict[str, Any]

# Values whose trait is left to KubeSpawner's own default when nothing is given.
_OPTIONAL = {
    "podNameTemplate": "pod_name_template",
    "nodeSelector": "node_selector",
    "events": "events_enabled",
    "extraAnnotations": "extra_annotations",
    "extraLabels": "extra_labels",
    "extraEnv": "environment",
    "lifecycleHooks": "lifecycle_hooks",
    "initContainers": "init_containers",
    "extraContainers": "extra_containers",
    "uid": "uid",
    "fsGid": "fs_gid",
    "serviceAccountName": "service_account",
    "startTimeout": "start_timeout",
    "extraPodConfig": "extra_pod_config",
    "profileList": "profile_list",
    "image.pullPolicy": "image_pull_policy",
    "cpu.limit": "cpu_limit",
    "cpu.guarantee": "cpu_guarantee",
    "memory.limit": "mem_limit",
    "memory.guarantee": "mem_guarantee",
    "extraResource.limits": "extra_resource_limits",
    "extraResource.guarantees": "extra_resource_guarantees",
    "extraPodAffinity.required": "pod_affinity_required",
    "extraPodAffinity.preferred": "pod_affinity_preferred",
    "extraPodAntiAffinity.required": "pod_anti_affinity_required",
    "extraPodAntiAffinity.preferred": "pod_anti_affinity_preferred",
}
_PURPOSE = {
    "matchExpressions": [{"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}]
}


def kubespawner(values: Mapping[str, Any], namespace: str) -> Traits:
    """Give the traits of KubeSpawner, without those of storage."""
    user = values["singleuser"]
    traits: Traits = {
        "namespace": namespace,
        "common_labels": common_labels(values["Chart"], values["Release"]),
        "image": f"{user['image']['name']}:{user['image']['tag']}",
        # Null has a meaning of its own here: the field stays out of the pod.
        "allow_privilege_escalation": user.get("allowPrivilegeEscalation"),
    }
    for path, trait in _OPTIONAL.items():
        value = _at(user, path)
        if value is not None:
            traits[trait] = value
    return traits | pull_secrets(values) | scheduling(values)


def common_labels(chart: Mapping[str, str], release: Mapping[str, str]) -> dict[str, str]:
    """Give the labels by which policies and selectors know the pods of this release."""
    version = f"{chart['Name']}-{chart['Version']}".replace("+", "_")
    return {
        "app": chart["Name"],
        "release": release["Name"],
        "chart": version,
        "app.kubernetes.io/name": chart["Name"],
        "app.kubernetes.io/instance": release["Name"],
        "helm.sh/chart": version,
        # Helm does not own them: they stay when it uninstalls the release.
        "app.kubernetes.io/managed-by": "kubespawner",
    }


def pull_secrets(values: Mapping[str, Any]) -> Traits:
    """Give the registry logins: the release's own, those for all pods, those of the user image."""
    made = values["imagePullSecret"]
    own = ["image-pull-secret"] if made["create"] and made.get("automaticReferenceInjection") else []
    names = [
        *own,
        *values["imagePullSecrets"],
        *(values["singleuser"]["image"].get("pullSecrets") or []),
    ]
    return {"image_pull_secrets": names} if names else {}


def scheduling(values: Mapping[str, Any]) -> Traits:
    """Give where user pods may run, and how important they are."""
    user, pods = values["singleuser"], values["scheduling"]["userPods"]
    mode = pods["nodeAffinity"]["matchNodePurpose"]
    required = list(_at(user, "extraNodeAffinity.required") or [])
    preferred = list(_at(user, "extraNodeAffinity.preferred") or [])
    if mode == "require":
        required.append(_PURPOSE)
    elif mode == "prefer":
        preferred.append({"weight": 100, "preference": _PURPOSE})
    traits: Traits = {"node_affinity_required": required, "node_affinity_preferred": preferred}
    tolerations = [*(pods.get("tolerations") or []), *(user.get("extraTolerations") or [])]
    if tolerations:
        traits["tolerations"] = tolerations
    if values["scheduling"]["podPriority"]["enabled"]:
        traits["priority_class_name"] = f"{values['Release']['Name']}-default-priority"
    return traits


def command(user: Mapping[str, Any]) -> Traits:
    """Give what a user's container runs: traits that belong to any spawner."""
    chosen = {"cmd": user.get("cmd"), "default_url": user.get("defaultUrl")}
    return {trait: value for trait, value in chosen.items() if value is not None}


def _at(tree: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401  a value is any YAML
    found: Any = tree
    for part in path.split("."):
        found = (found or {}).get(part)
    return found
