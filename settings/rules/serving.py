"""Rules about the servers that users start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from settings.finding import Finding
from settings.hub import Culling
from settings.names import amount, seconds
from settings.profiles import OWN_CHOICE, Profile, variants

Profiles = tuple[Profile, ...]


def one_profile_is_the_default(profiles: Profiles) -> Iterator[Finding]:
    """Want exactly one."""
    chosen = [profile.name for profile in profiles if profile.default]
    if len(chosen) != 1:
        yield Finding(
            path="settings.profiles",
            rule="P1",
            what=f"{', '.join(chosen)} are all default." if chosen else "no profile is the default.",
            follows="What a user gets without choosing would depend on the order of the list.",
            remedy="Set default: true on exactly one profile.",
        )


def the_default_is_offered(profiles: Profiles) -> Iterator[Finding]:
    """Refuse a default that is not offered."""
    for place, profile in enumerate(profiles):
        if profile.default and not profile.enabled:
            yield Finding(
                path=f"settings.profiles[{place}].enabled",
                rule="P1",
                what=f"{profile.name} is the default, and is not offered.",
                follows="Who chooses nothing gets nothing.",
                remedy="Make another profile the default, or enable this one.",
            )


def profiles_differ_in_name(profiles: Profiles) -> Iterator[Finding]:
    """Refuse two profiles that users or the hub cannot tell apart."""
    for field in ("name", "slug"):
        counts = Counter(getattr(profile, field) for profile in profiles)
        for place, profile in enumerate(profiles):
            value = getattr(profile, field)
            first = next(i for i, other in enumerate(profiles) if getattr(other, field) == value)
            if counts[value] > 1 and place > first:
                yield Finding(
                    path=f"settings.profiles[{place}].{field}",
                    rule="P2",
                    what=f"{value} is the {field} of profile {first} too.",
                    follows="The hub would start the first of them, whichever the user chose.",
                    remedy=f"Give each profile a {field} of its own.",
                )


def guarantees_fit_their_limits(profiles: Profiles) -> Iterator[Finding]:
    """Refuse a promise above the limit."""
    for path, profile in variants(profiles):
        for field in ("cpu", "memory"):
            share = getattr(profile, field)
            if amount(share.guarantee) > amount(share.limit):
                yield Finding(
                    path=f"{path}.{field}",
                    rule="P3",
                    what=f"guarantee {share.guarantee} is more than limit {share.limit}.",
                    follows="Kubernetes refuses the pod, and every start of this profile fails.",
                    remedy="Lower the guarantee or raise the limit.",
                )


def memory_is_written_as_memory(profiles: Profiles) -> Iterator[Finding]:
    """Refuse a memory that no server can run in: a forgotten unit."""
    for path, profile in variants(profiles):
        if amount(profile.memory.limit) < amount("128Mi"):
            yield Finding(
                path=f"{path}.memory.limit",
                rule="P3",
                what=f"{profile.memory.limit} is less than a notebook server needs to start.",
                follows="The server is killed at start, and the user sees a failure without a reason.",
                remedy="Write the unit (2Gi), or give at least 128Mi.",
            )


def choices_differ_in_name(profiles: Profiles) -> Iterator[Finding]:
    """Refuse two choices inside a profile that users or the hub cannot tell apart."""
    for place, profile in enumerate(profiles):
        for field, own in (("sizes", profile.size_name), ("images", profile.image_name)):
            seen = {("name", own), ("slug", OWN_CHOICE)}
            for index, choice in enumerate(getattr(profile, field)):
                for kind in ("name", "slug"):
                    value = getattr(choice, kind)
                    if (kind, value) in seen:
                        yield Finding(
                            path=f"settings.profiles[{place}].{field}[{index}].{kind}",
                            rule="P2",
                            what=f"{value} is the {kind} of another choice of {profile.name} too.",
                            follows="The hub would take the first of them, whichever the user chose.",
                            remedy=f"Give each choice a {kind} of its own; the profile's own is {own} "
                            f"({OWN_CHOICE}).",
                        )
                    seen.add((kind, value))


def gpus_of_a_size_have_a_kind(profiles: Profiles) -> Iterator[Finding]:
    """Refuse a number of GPUs where nobody says of which kind."""
    for place, profile in enumerate(profiles):
        for index, size in enumerate(profile.sizes):
            if size.gpus and profile.gpu is None:
                yield Finding(
                    path=f"settings.profiles[{place}].sizes[{index}].gpus",
                    rule="P7",
                    what=f"{size.name} has {size.gpus} GPUs, and {profile.name} has none.",
                    follows="Its servers would have none either.",
                    remedy="Give the profile a gpu, or make a profile of its own with one.",
                )


def gpu_servers_are_culled_sooner(culling: Culling) -> Iterator[Finding]:
    """Refuse an idle time of GPU servers that cannot hold."""
    if not culling.enabled or culling.idle_gpu is None:
        return
    if seconds(culling.idle_gpu) > seconds(culling.idle):
        yield Finding(
            path="settings.culling.idleGpu",
            rule="U1",
            what=f"servers with a GPU may be idle for {culling.idle_gpu}, and all end after {culling.idle}.",
            follows="It has no effect: the other one decides.",
            remedy="Give less than idle, or leave it out.",
        )
    elif seconds(culling.idle_gpu) < seconds(culling.every) <= seconds(culling.idle):
        yield Finding(
            path="settings.culling.every",
            rule="U1",
            what=f"idle GPU servers end after {culling.idle_gpu}, and are looked for every {culling.every}.",
            follows="GPUs stay taken up to twice as long as people are told.",
            remedy="Look at least as often as idleGpu.",
        )


def culling_looks_often_enough(culling: Culling) -> Iterator[Finding]:
    """Refuse spans that contradict each other."""
    if culling.enabled and seconds(culling.every) > seconds(culling.idle):
        yield Finding(
            path="settings.culling.every",
            rule="U1",
            what=f"idle servers end after {culling.idle}, and are looked for every {culling.every}.",
            follows="Servers stay up to twice as long as people are told.",
            remedy="Look at least as often as the idle time.",
        )
    if culling.enabled and culling.max_age and seconds(culling.max_age) < seconds(culling.idle):
        yield Finding(
            path="settings.culling.maxAge",
            rule="U1",
            what=f"a server ends at the age of {culling.max_age}, before it can be idle for {culling.idle}.",
            follows="Busy servers are stopped in the middle of work.",
            remedy="Raise maxAge above idle, or leave it out.",
        )


RULES = (
    one_profile_is_the_default,
    the_default_is_offered,
    profiles_differ_in_name,
    guarantees_fit_their_limits,
    memory_is_written_as_memory,
    choices_differ_in_name,
    gpus_of_a_size_have_a_kind,
    gpu_servers_are_culled_sooner,
    culling_looks_often_enough,
)
