"""Tells with each option on the start page how many of its GPUs are free, and closes what cannot start.

Runs in the hub. Options are KubeSpawner's own profiles; what is told is added below the key `now`, which the
template of the page reads.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from spawn_room import Room
from spawn_words import thing

Profile = dict[str, Any]
Labels = Mapping[str, str]


def resources(profiles: list[Profile]) -> set[str]:
    """Give the names of the GPUs that some option asks for."""
    return {name for profile in profiles for override in _overrides(profile) for name in _asked(override)}


def _overrides(profile: Profile) -> Iterator[Profile]:
    yield profile.get("kubespawner_override") or {}
    for choice in _choices(profile):
        yield choice.get("kubespawner_override") or {}


def _choices(profile: Profile) -> Iterator[Profile]:
    for option in (profile.get("profile_options") or {}).values():
        yield from (option.get("choices") or {}).values()


def _asked(override: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(count) for name, count in (override.get("extra_resource_limits") or {}).items()}


def cannot_start(asked: Mapping[str, int], labels: Labels, room: Room) -> str:
    """Say why so many of these resources are not to be had now; nothing where they are."""
    for name, count in asked.items():
        there = room.free(name, labels)
        if there.together < count:
            return _why(name, count, there.of, there.free)
    return ""


def _why(name: str, count: int, of: int, free: int) -> str:
    if not of:
        return f"No {thing(name)} is there."
    if not free:
        return f"No {thing(name)} is free: {of} of {of} are in use."
    if count > free:
        return f"{count} {thing(name, count)} are needed, and {free} of {of} are free."
    return f"{count} {thing(name, count)} are needed on one machine, and the {free} free ones are apart."


def marked(profiles: list[Profile], room: Room | None, labels: Labels, *, grows: bool) -> list[Profile]:
    """Give the profiles with what is known of them now; without sight of the nodes, as they are."""
    if room is None:
        return profiles
    told = copy.deepcopy(profiles)
    for profile in told:
        _mark(profile, room, labels, grows=grows)
    return told


def _mark(profile: Profile, room: Room, labels: Labels, *, grows: bool) -> None:
    whole = profile.get("kubespawner_override") or {}
    here = {**labels, **(whole.get("node_selector") or {})}
    if asked := _asked(whole):
        profile["now"] = _now(asked, here, room, grows=grows)
    for choice in _choices(profile):
        override = choice.get("kubespawner_override") or {}
        if asked := _asked(override):
            there = {**here, **(override.get("node_selector") or {})}
            choice["now"] = _now(asked, there, room, grows=grows)
    sized = [choice["now"] for choice in _choices(profile) if "now" in choice]
    if sized and "now" in profile:
        # Open as long as one of its sizes can start.
        profile["now"]["closed"] = all(one["closed"] for one in sized)


def _now(asked: Mapping[str, int], labels: Labels, room: Room, *, grows: bool) -> dict[str, Any]:
    free = [(name, room.free(name, labels)) for name in asked]
    why = cannot_start(asked, labels, room)
    if why and grows:
        why += " A machine is added for you, which takes some minutes."
    return {
        "free": "; ".join(f"{one.free} of {one.of} {thing(name, one.of)} free" for name, one in free),
        "why": why,
        "closed": bool(why) and not grows,
    }
