"""Rules about nodes: GPUs that are there, nodes kept for them, who goes first."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import Cluster
from settings.door import Door
from settings.finding import Finding
from settings.placement import Placement
from settings.profiles import Profile

Profiles = tuple[Profile, ...]


def gpus_are_there(profiles: Profiles, cluster: Cluster) -> Iterator[Finding]:
    """Refuse a profile whose GPU no node has."""
    for place, profile in enumerate(profiles):
        if profile.gpu is None or not profile.enabled:
            continue
        if cluster.gpu == "none":
            yield _no_gpu(place, f"{profile.name} needs a GPU, and cluster.gpu is none")
        elif cluster.gpu == "nvidia" and not profile.gpu.resource.startswith("nvidia.com/"):
            yield _no_gpu(place, f"{profile.name} needs {profile.gpu.resource}, and the GPUs are NVIDIA's")


def _no_gpu(place: int, what: str) -> Finding:
    return Finding(
        path=f"settings.profiles[{place}].gpu",
        rule="P4",
        what=f"{what}.",
        follows="Its servers wait for a node that never comes, and the user sees a timeout.",
        remedy="Say enabled: false until there are such GPUs, or correct cluster.gpu.",
    )


def gpus_are_real_where_others_work(cluster: Cluster, ingress: Door) -> Iterator[Finding]:
    """Refuse pretended GPUs beyond the machine on which one tries things out."""
    if cluster.gpu == "pretended" and ingress.reach != "machine":
        yield Finding(
            path="settings.cluster.gpu",
            rule="P4",
            what="the GPUs are pretended, and others than this machine use the hub.",
            follows="People get servers with a GPU that computes nothing.",
            remedy="Say nvidia or none.",
        )


def gpus_are_spread_where_there_are_some(placement: Placement, profiles: Profiles) -> Iterator[Finding]:
    """Point at an order for servers that nobody can start."""
    if placement.gpu_servers == "spread" and not any(one.gpu and one.enabled for one in profiles):
        yield Finding(
            path="settings.placement.gpuServers",
            rule="P5",
            what="GPU servers are spread over nodes, and no profile has a GPU.",
            follows="It has no effect.",
            remedy="Leave it out, or add a profile with a GPU.",
            severity="warning",
        )


def gpu_nodes_are_kept_for_gpus(placement: Placement, profiles: Profiles) -> Iterator[Finding]:
    """Point at a toleration by which servers without a GPU fill the nodes that have them."""
    resources = {profile.gpu.resource for profile in profiles if profile.gpu}
    if all(profile.gpu for profile in profiles):
        return
    for place, toleration in enumerate(placement.user_tolerations):
        if toleration.key in resources:
            yield Finding(
                path=f"settings.placement.userTolerations[{place}]",
                rule="P5",
                what=f"every user pod tolerates {toleration.key}, those without a GPU too.",
                follows="Servers without a GPU fill the GPU nodes, and those with one find no room there.",
                remedy="Leave it out: profiles with a GPU tolerate it by themselves.",
                severity="warning",
            )


def priorities_are_not_the_systems(placement: Placement) -> Iterator[Finding]:
    """Refuse to put notebooks or the hub before what the cluster itself lives by."""
    for field in ("core", "users"):
        name = getattr(placement.priority, field)
        if name and name.startswith("system-"):
            yield Finding(
                path=f"settings.placement.priority.{field}",
                rule="P6",
                what=f"{name} is for the cluster's own pods.",
                follows="On a full node our pods push out DNS, network and storage, and all of it stops.",
                remedy="Have a PriorityClass made for hubs, with a value below a thousand million.",
            )


def the_hub_goes_before_its_users(placement: Placement) -> Iterator[Finding]:
    """Point at equal priorities, by which nothing gives way."""
    if placement.priority.core and placement.priority.core == placement.priority.users:
        yield Finding(
            path="settings.placement.priority.users",
            rule="P6",
            what="hub and user pods have the same priority.",
            follows="On a full node the hub waits until a user leaves.",
            remedy="Give users a lower class, or none.",
            severity="warning",
        )


def room_is_kept_where_nodes_are_added(placement: Placement, cluster: Cluster) -> Iterator[Finding]:
    """Refuse pods that keep room where no node is ever added for them."""
    if placement.placeholders and not cluster.autoscaled:
        yield Finding(
            path="settings.placement.placeholders",
            rule="P8",
            what=f"{placement.placeholders} pods are to keep room, and no node is added for them.",
            follows="They take the room that users need, and give it back only when somebody is pushed in.",
            remedy="Leave it out, or say cluster.autoscaled: true where an autoscaler adds nodes.",
        )


def the_hub_has_one_priority(placement: Placement) -> Iterator[Finding]:
    """Refuse a class for hub and proxy beside the one that comes with pods that keep room."""
    if placement.placeholders and placement.priority.core:
        yield Finding(
            path="settings.placement.priority.core",
            rule="P8",
            what="hub and proxy have a class of the chart's own already, above that of pods which keep room.",
            follows="Their pods would name two classes, and Helm or the API server refuses the release.",
            remedy="Leave it out, or placeholders.",
        )


def nodes_are_seen_for_gpus(cluster: Cluster) -> Iterator[Finding]:
    """Point at a right that nothing uses."""
    if cluster.nodes_visible and cluster.gpu == "none":
        yield Finding(
            path="settings.cluster.nodesVisible",
            rule="P8",
            what="the hub may list nodes and pods of the whole cluster, which has no GPU.",
            follows="It counts free GPUs alone: a right that reaches far, and nothing uses it.",
            remedy="Leave it out.",
            severity="warning",
        )


RULES = (
    gpus_are_there,
    gpus_are_real_where_others_work,
    gpus_are_spread_where_there_are_some,
    gpu_nodes_are_kept_for_gpus,
    priorities_are_not_the_systems,
    the_hub_goes_before_its_users,
    room_is_kept_where_nodes_are_added,
    the_hub_has_one_priority,
    nodes_are_seen_for_gpus,
)
