"""The list of server options, in KubeSpawner's own terms: the chart's schema does not look inside it."""

from __future__ import annotations

from collections.abc import Iterator

from chart.merge import Values
from chart.placement import toleration
from chart.server_use import ends_after
from settings import Settings
from settings.gpu import WHOLE, priority_name
from settings.images import Image
from settings.names import amount
from settings.placement import Placement
from settings.profiles import OWN_CHOICE, Gpu, Profile, Share

# A profile's tolerations replace the chart's for user pods, so these are said again.
_USER_TOLERATIONS: list[Values] = [
    {"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"}
    for key in ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
]


def profile_list(settings: Settings) -> Values:
    """Write the profiles that are offered; a start without a choice gets the default's share."""
    offered = [profile for profile in settings.profiles if profile.enabled] or list(settings.profiles)
    default = next((profile for profile in offered if profile.default), offered[0])
    return {
        "singleuser": {
            "profileList": [entry(profile, settings) for profile in offered],
            "cpu": {"guarantee": processors(default.cpu.guarantee), "limit": processors(default.cpu.limit)},
            "memory": {
                "guarantee": memory(default.memory.guarantee),
                "limit": memory(default.memory.limit),
            },
        }
    }


def entry(profile: Profile, settings: Settings) -> Values:
    """Write one profile."""
    override: Values = {**_share("cpu", profile.cpu), **_share("mem", profile.memory)}
    if profile.gpu:
        override |= _gpu(profile.gpu, settings.placement)
        if first := priority_name(settings.gpu, settings.namespace.name):
            override["priority_class_name"] = first
    if profile.node_selector:
        # KubeSpawner joins it with the labels of placement.userNodes.
        override["node_selector"] = dict(profile.node_selector)
    if profile.tolerations:
        override["tolerations"] = _tolerations(profile, settings.placement)
    if settings.culling.idle_gpu and (ends := ends_after(settings, gpu=profile.gpu is not None)):
        # In each of them: KubeSpawner joins variables, so those of a start that failed would stay.
        override["environment"] = ends
    if profile.image:
        override["image"] = profile.image.reference
    return {
        "display_name": profile.name,
        "slug": profile.slug,
        "description": profile.description,
        "default": profile.default,
        "kubespawner_override": override,
        **choices(profile, settings),
    }


def choices(profile: Profile, settings: Settings) -> Values:
    """Write what users choose inside a profile; nothing that is not in the list can be asked for."""
    options: Values = {}
    if profile.sizes:
        sizes = {slug: _size(name, profile, one) for slug, name, one in _sizes(profile)}
        options["size"] = {"display_name": "Size", "choices": sizes}
    if profile.images:
        own = profile.image or settings.images.notebook
        images = {OWN_CHOICE: (profile.image_name, own)}
        images |= {one.slug: (one.name, one.image) for one in profile.images}
        options["image"] = {
            "display_name": "Image",
            "choices": {slug: _image(name, image) for slug, (name, image) in images.items()},
        }
    for option in options.values():
        option["choices"][OWN_CHOICE]["default"] = True
    return {"profile_options": options} if options else {}


def _sizes(profile: Profile) -> Iterator[tuple[str, str, Profile]]:
    slugs, names = [OWN_CHOICE], [profile.size_name]
    for size in profile.sizes:
        slugs.append(size.slug)
        names.append(size.name)
    yield from zip(slugs, names, (one for _, one in profile.variants()), strict=True)


def _size(name: str, profile: Profile, sized: Profile) -> Values:
    override: Values = {**_share("cpu", sized.cpu), **_share("mem", sized.memory)}
    if profile.gpu and sized.gpu:
        override |= whole(sized.gpu)
    return {"display_name": name, "kubespawner_override": override}


def _image(name: str, image: Image) -> Values:
    return {"display_name": name, "kubespawner_override": {"image": image.reference}}


def _share(kind: str, share: Share) -> Values:
    number = processors if kind == "cpu" else memory
    return {f"{kind}_guarantee": number(share.guarantee), f"{kind}_limit": number(share.limit)}


def _gpu(gpu: Gpu, placement: Placement) -> Values:
    accepted = _accepted(placement)
    taints = [taint for taint in _taints(gpu.resource) if taint not in accepted]
    return {
        **whole(gpu),
        "tolerations": [*accepted, *taints],
        **_neighbours(gpu.resource, placement),
    }


def whole(gpu: Gpu) -> Values:
    """Ask for GPUs: an extended resource cannot be overcommitted, so request and limit are one number."""
    asked = {gpu.resource: str(gpu.count)}
    return {"extra_resource_limits": asked, "extra_resource_guarantees": asked}


def _accepted(placement: Placement) -> list[Values]:
    return [*_USER_TOLERATIONS, *(toleration(one) for one in placement.user_tolerations)]


def _tolerations(profile: Profile, placement: Placement) -> list[Values]:
    accepted = _accepted(placement)
    wanted = [toleration(one) for one in profile.tolerations]
    taints = [*wanted, *(_taints(profile.gpu.resource) if profile.gpu else ())]
    return [*accepted, *(taint for taint in taints if taint not in accepted)]


def _taints(resource: str) -> list[Values]:
    """Accept the taint of the resource's own name, and of the GPU that it is a part of: nodes have either."""
    names = [resource, WHOLE] if resource.startswith("nvidia.com/") else [resource]
    return [{"key": name, "operator": "Exists", "effect": "NoSchedule"} for name in dict.fromkeys(names)]


def _neighbours(resource: str, placement: Placement) -> Values:
    """Draw servers with GPUs of one kind together, or apart. Preferred only: a free GPU counts for more."""
    label = {"gpu-resource": resource.replace("/", "_")}
    term = {"labelSelector": {"matchLabels": label}, "topologyKey": "kubernetes.io/hostname"}
    wish = "pod_affinity_preferred" if placement.gpu_servers == "pack" else "pod_anti_affinity_preferred"
    return {"extra_labels": label, wish: [{"weight": 100, "podAffinityTerm": term}]}


def processors(quantity: str) -> float:
    """Write an amount of processors as KubeSpawner takes it."""
    return float(amount(quantity))


def memory(quantity: str) -> int:
    """Write memory in bytes: KubeSpawner knows no `Gi`, and its `G` is another number than Kubernetes'."""
    return int(amount(quantity))
