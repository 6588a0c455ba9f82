"""Rules about GPUs that several servers share: what is offered, under which name, and who reads the plan."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import Cluster, Namespace
from settings.finding import Finding
from settings.gpu import WHOLE, Gpus, Mig, NoSharing, TimeSlices, offered, shared
from settings.profiles import Profile

Profiles = tuple[Profile, ...]
_MAKER = "nvidia.com/"


def profiles_ask_for_what_is_offered(profiles: Profiles, gpu: Gpus) -> Iterator[Finding]:
    """Refuse a resource of NVIDIA's that no node offers under this sharing."""
    there = offered(gpu.sharing)
    for place, profile in enumerate(profiles):
        if not profile.gpu or not profile.enabled or not profile.gpu.resource.startswith(_MAKER):
            continue
        if profile.gpu.resource not in there:
            yield Finding(
                path=f"settings.profiles[{place}].gpu.resource",
                rule="P7",
                what=f"nodes offer {', '.join(sorted(there))} by gpu.sharing, and no {profile.gpu.resource}.",
                follows="Its servers wait for a node that never comes, and the user sees a timeout.",
                remedy="Ask for what is offered, or say in gpu.sharing how the GPUs are shared.",
            )


def a_part_is_asked_for_once(profiles: Profiles, gpu: Gpus) -> Iterator[Finding]:
    """Refuse several turns on one GPU, and point at several slices: neither adds up to a larger GPU."""
    parts, in_turns = shared(gpu.sharing), isinstance(gpu.sharing, TimeSlices)
    for place, profile in enumerate(profiles):
        asked = profile.gpu if profile.enabled else None
        if asked and asked.count > 1 and asked.resource in parts:
            yield Finding(
                path=f"settings.profiles[{place}].gpu.count",
                rule="P7",
                what=f"{asked.count} of {asked.resource} are asked for, and each is a part of a GPU.",
                follows="The device plugin refuses the pod: turns do not add up."
                if in_turns
                else "A program of CUDA sees one slice, and the others lie idle.",
                remedy="Say count: 1, and a larger slice or a whole GPU for those who need more.",
                severity="error" if in_turns else "warning",
            )


def a_name_means_one_thing(gpu: Gpus) -> Iterator[Finding]:
    """Point at whole GPUs and parts of them under one name."""
    sharing = gpu.sharing
    if not isinstance(sharing, NoSharing) and WHOLE in shared(sharing) and not sharing.every_node:
        yield Finding(
            path="settings.gpu.sharing.everyNode",
            rule="P7",
            what=f"{WHOLE} is a part of a GPU on nodes with the plan's label, and a whole one on the others.",
            follows="Who asks for a GPU gets one or the other, as it happens.",
            remedy="Say rename: true or strategy: mixed, or everyNode: true.",
            severity="warning",
        )


def slices_fit_one_gpu(gpu: Gpus) -> Iterator[Finding]:
    """Refuse a layout that no GPU can be cut into: all that exist have seven parts."""
    sharing = gpu.sharing
    if not isinstance(sharing, Mig):
        return
    if (parts := sum(int(size[0]) * count for size, count in sharing.slices.items())) > 7:
        yield Finding(
            path="settings.gpu.sharing.slices",
            rule="P7",
            what=f"the slices take {parts} parts of a GPU, and it has seven.",
            follows="The operator fails to cut it, and the node offers no GPU.",
            remedy="Lower the counts: the first digit of a size is how many parts it takes.",
        )
    if sharing.strategy == "single" and len(sharing.slices) > 1:
        yield Finding(
            path="settings.gpu.sharing.strategy",
            rule="P7",
            what="slices of several sizes have no name of their own with strategy single.",
            follows="The device plugin refuses the node, which offers no GPU.",
            remedy="Say strategy: mixed, or cut into slices of one size.",
        )


def sharing_needs_nvidias(gpu: Gpus, cluster: Cluster) -> Iterator[Finding]:
    """Refuse a plan that nobody reads."""
    if not isinstance(gpu.sharing, NoSharing) and cluster.gpu != "nvidia":
        yield Finding(
            path="settings.gpu.sharing",
            rule="P7",
            what=f"GPUs are shared by NVIDIA's operator, and cluster.gpu is {cluster.gpu}.",
            follows="Nobody reads the plan, and no node offers what it promises.",
            remedy="Correct cluster.gpu, or leave sharing out.",
        )


def the_operator_has_its_own_namespace(gpu: Gpus, namespace: Namespace) -> Iterator[Finding]:
    """Refuse the hub's namespace for the GPU operator."""
    sharing = gpu.sharing
    if not isinstance(sharing, NoSharing) and sharing.operator_namespace == namespace.name:
        yield Finding(
            path="settings.gpu.sharing.operatorNamespace",
            rule="N6",
            what=f"{namespace.name} is the hub's own namespace.",
            follows="The operator's privileged pods do not start there, and it looks for its plan elsewhere.",
            remedy="Name the namespace in which the GPU operator runs.",
        )


RULES = (
    profiles_ask_for_what_is_offered,
    a_part_is_asked_for_once,
    a_name_means_one_thing,
    slices_fit_one_gpu,
    sharing_needs_nvidias,
    the_operator_has_its_own_namespace,
)
