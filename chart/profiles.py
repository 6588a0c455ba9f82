"""The list of server options, in KubeSpawner's own terms: the chart's schema does not look inside it."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings
from settings.names import amount
from settings.profiles import Gpu, Profile, Share

# A profile's tolerations replace the chart's for user pods, so these are said again.
_USER_TOLERATIONS = [
    {"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"}
    for key in ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
]


def profile_list(settings: Settings) -> Values:
    """Write all profiles; a server started past the list (by API) gets the default's share."""
    default = next(profile for profile in settings.profiles if profile.default)
    return {
        "singleuser": {
            "profileList": [entry(profile) for profile in settings.profiles],
            "cpu": {"guarantee": processors(default.cpu.guarantee), "limit": processors(default.cpu.limit)},
            "memory": {
                "guarantee": memory(default.memory.guarantee),
                "limit": memory(default.memory.limit),
            },
        }
    }


def entry(profile: Profile) -> Values:
    """Write one profile."""
    override: Values = {**_share("cpu", profile.cpu), **_share("mem", profile.memory)}
    if profile.gpu:
        override |= _gpu(profile.gpu)
    if profile.node_selector:
        override["node_selector"] = dict(profile.node_selector)
    return {
        "display_name": profile.name,
        "slug": profile.slug,
        "description": profile.description,
        "default": profile.default,
        "kubespawner_override": override,
    }


def _share(kind: str, share: Share) -> Values:
    number = processors if kind == "cpu" else memory
    return {f"{kind}_guarantee": number(share.guarantee), f"{kind}_limit": number(share.limit)}


def _gpu(gpu: Gpu) -> Values:
    # An extended resource cannot be overcommitted: request and limit are one number.
    whole = {gpu.resource: str(gpu.count)}
    taint = {"key": gpu.resource, "operator": "Exists", "effect": "NoSchedule"}
    return {
        "extra_resource_limits": whole,
        "extra_resource_guarantees": whole,
        "tolerations": [*_USER_TOLERATIONS, taint],
    }


def processors(quantity: str) -> float:
    """Write an amount of processors as KubeSpawner takes it."""
    return float(amount(quantity))


def memory(quantity: str) -> int:
    """Write memory in bytes: KubeSpawner knows no `Gi`, and its `G` is another number than Kubernetes'."""
    return int(amount(quantity))
