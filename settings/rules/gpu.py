"""Rules about how many GPUs there may be, and who goes first."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import Namespace
from settings.finding import Finding
from settings.gpu import (
    ExistingPriority,
    Gpus,
    NoSharing,
    OwnPriority,
)
from settings.placement import Placement
from settings.profiles import Profile, variants

Profiles = tuple[Profile, ...]


def _asked(profiles: Profiles) -> dict[str, int]:
    """Give the most that one server asks for of each resource, over the profiles that are offered."""
    asked: dict[str, int] = {}
    for _, profile in variants(profiles):
        if profile.gpu and profile.enabled:
            asked[profile.gpu.resource] = max(profile.gpu.count, asked.get(profile.gpu.resource, 0))
    return asked


def profiles_fit_the_gpu_quota(gpu: Gpus, profiles: Profiles) -> Iterator[Finding]:
    """Refuse a profile of which the quota cannot hold a single server."""
    for path, profile in variants(profiles):
        if not profile.gpu or not profile.enabled:
            continue
        asked, most = profile.gpu, gpu.quota.get(profile.gpu.resource)
        if most is not None and asked.count > most:
            yield Finding(
                path=f"{path}.gpus" if ".sizes" in path else f"{path}.gpu.count",
                rule="D38",
                what=f"{profile.name} takes {asked.count}, and the quota of {asked.resource} is {most}.",
                follows="No server of this profile ever starts.",
                remedy="Raise gpu.quota, lower the count, or say enabled: false.",
            )


def the_gpu_quota_counts_what_is_asked_for(gpu: Gpus, profiles: Profiles) -> Iterator[Finding]:
    """Point at a quota that holds nothing back, and at a resource that no quota holds back."""
    asked = _asked(profiles)
    for resource in gpu.quota:
        if resource not in asked:
            yield _uncounted(
                f".{resource}", f"no profile that is offered asks for {resource}", "It has no effect."
            )
    if gpu.quota and gpu.quota.keys() & asked:
        for resource in sorted(asked.keys() - gpu.quota):
            yield _uncounted(
                "", f"profiles ask for {resource}, which it does not count", "Of these there is no end."
            )


def _uncounted(below: str, what: str, follows: str) -> Finding:
    return Finding(
        path=f"settings.gpu.quota{below}",
        rule="D38",
        what=f"{what}.",
        follows=follows,
        remedy="Count the resources that profiles ask for, by the same names.",
        severity="warning",
    )


def gpus_are_counted_once(gpu: Gpus, namespace: Namespace) -> Iterator[Finding]:
    """Refuse two quotas for one resource."""
    for resource in gpu.quota:
        if f"requests.{resource}" in namespace.quota:
            yield Finding(
                path=f"settings.gpu.quota.{resource}",
                rule="D38",
                what=f"namespace.quota counts requests.{resource} too.",
                follows="The smaller of the two holds, and whoever raises the other wonders.",
                remedy="Keep it in one of them.",
            )


def priority_is_for_somebody(gpu: Gpus, profiles: Profiles) -> Iterator[Finding]:
    """Point at a priority of servers that nobody can start."""
    if gpu.priority and not _asked(profiles):
        yield Finding(
            path="settings.gpu.priority",
            rule="P6",
            what="servers with a GPU have a priority, and no profile has a GPU.",
            follows="It has no effect.",
            remedy="Leave it out, or add a profile with a GPU.",
            severity="warning",
        )


def gpu_priority_is_not_the_systems(gpu: Gpus, placement: Placement) -> Iterator[Finding]:
    """Refuse to put notebooks before what the cluster lives by, and point at those before the hub."""
    if not isinstance(gpu.priority, ExistingPriority):
        return
    name = gpu.priority.name
    if name.startswith("system-"):
        yield Finding(
            path="settings.gpu.priority.name",
            rule="P6",
            what=f"{name} is for the cluster's own pods.",
            follows="On a full node notebooks push out DNS, network and storage, and all of it stops.",
            remedy="Have a PriorityClass made for them, with a value below a thousand million.",
        )
    elif name == placement.priority.core:
        yield Finding(
            path="settings.gpu.priority.name",
            rule="P6",
            what="the hub and servers with a GPU have the same priority.",
            follows="On a full node the hub waits until a user leaves.",
            remedy="Give the servers a lower class, or none.",
            severity="warning",
        )


def nobody_is_pushed_out_unawares(gpu: Gpus) -> Iterator[Finding]:
    """Point at servers that end the work of others."""
    if isinstance(gpu.priority, OwnPriority) and gpu.priority.preempts:
        yield Finding(
            path="settings.gpu.priority.preempts",
            rule="P6",
            what="a server with a GPU ends running pods of lower priority.",
            follows="Other users' servers are among them, and pods of other namespaces: their work is lost.",
            remedy="Leave it off: a server then waits for a GPU to come free.",
            severity="warning",
        )


def what_belongs_to_the_cluster_needs_rights(gpu: Gpus, namespace: Namespace) -> Iterator[Finding]:
    """Point at objects beyond a namespace that is not even the stack's own."""
    if namespace.create:
        return
    manages = not isinstance(gpu.sharing, NoSharing) and gpu.sharing.manage
    wanted = {
        "priority.kind": (isinstance(gpu.priority, OwnPriority), "A PriorityClass", "kind: existing"),
        "sharing.manage": (manages, "A ConfigMap of the GPU operator's namespace", "manage: false"),
    }
    for field, (asked, what, instead) in wanted.items():
        if asked:
            yield Finding(
                path=f"settings.gpu.{field}",
                rule="D23",
                what=f"{what} is to be made, by a stack that does not even make its namespace.",
                follows="Who deploys mostly has rights in the namespace alone, and is refused half-way.",
                remedy=f"Say {instead} and have the cluster's owner make it.",
                severity="warning",
            )


RULES = (
    profiles_fit_the_gpu_quota,
    the_gpu_quota_counts_what_is_asked_for,
    gpus_are_counted_once,
    priority_is_for_somebody,
    gpu_priority_is_not_the_systems,
    nobody_is_pushed_out_unawares,
    what_belongs_to_the_cluster_needs_rights,
)
