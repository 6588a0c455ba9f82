"""The way of one home, step by step: what is next is read off the cluster, so that it goes on from anywhere.

No step can lose data. The volume is kept by its policy before its claim goes; the new claim is there, and
accepted by quotas and admission, before the old one goes; and from one claim to the other the volume is
promised to somebody at every moment, so that nobody else's claim takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ops.kubectl import Json
from ops.moving.homes import MARK, ORIGIN, Home, Place, mounted, note

RETAIN = "Retain"


class Step(StrEnum):
    """What is to be done next."""

    KEEP = "keep the volume, and note where it goes"
    CLAIM = "make the new claim"
    RELEASE = "delete the old claim"
    POINT = "promise the volume to the new claim"
    WAIT = "wait until the new claim is bound"
    DONE = "done"


class Stays(Exception):
    """Why a home stays where it is."""


@dataclass(frozen=True)
class Seen:
    """What there is of a home at one moment."""

    old: Json | None
    new: Json | None
    volume: Json | None
    pods: list[Json] = field(default_factory=list)
    """Those of the old claim's namespace."""


def next_step(home: Home, seen: Seen) -> Step:
    """Tell what comes next, or raise what is in the way."""
    if seen.new and not is_ours(home, seen.new):
        raise Stays(
            f"{home.new} has a home already, the claim {home.target}: homes are never merged. Look at it; "
            "when nobody misses what is in it, delete that claim and run this again."
        )
    if seen.volume is None:
        raise Stays(f"volume {home.volume} is not there, or you may not read it. Ask the cluster's owner.")
    holder = seen.volume["spec"].get("claimRef") or {}
    if seen.new and holder.get("uid") == seen.new["metadata"]["uid"]:
        return Step.DONE if seen.new["status"].get("phase") == "Bound" else Step.WAIT
    if seen.old and not _is_later(seen.old, seen.new):
        return _with_old(home, seen, seen.old, seen.volume)
    return _without_old(home, seen.new, holder)


def is_ours(home: Home, claim: Json) -> bool:
    """Tell whether a claim is the one that we made for a home."""
    origin = note(claim, ORIGIN)
    came = Place(origin.get("namespace", ""), origin.get("name", ""))
    return came == home.source and claim["spec"].get("volumeName") == home.volume


def is_marked(home: Home, volume: Json, uid: str) -> bool:
    """Tell whether a volume is kept, and says that it goes from this claim to the new one."""
    found = note(volume, MARK)
    return (
        volume["spec"]["persistentVolumeReclaimPolicy"] == RETAIN
        and found.get("uid") == uid
        and Place(**found["to"]) == home.target
    )


def _is_later(old: Json, new: Json | None) -> bool:
    """Tell whether a claim of the old name is not the one that moves: its owner signed in again since."""
    return new is not None and note(new, ORIGIN).get("uid") != old["metadata"]["uid"]


def _with_old(home: Home, seen: Seen, old: Json, volume: Json) -> Step:
    uid = old["metadata"]["uid"]
    if (volume["spec"].get("claimRef") or {}).get("uid") != uid:
        raise Stays(
            f"volume {home.volume} does not belong to the claim {home.source}. Somebody must look at it."
        )
    _not_elsewhere(home, volume, uid)
    if pods := mounted(seen.pods, home.source.name):
        raise Stays(f"pod {pods[0]} has it mounted. Stop the server (--stop-servers), and run this again.")
    if not is_marked(home, volume, uid):
        return Step.KEEP
    if seen.new is None:
        return Step.CLAIM
    return Step.RELEASE


def _not_elsewhere(home: Home, volume: Json, uid: str) -> None:
    found = note(volume, MARK)
    if found.get("uid") == uid and Place(**found["to"]) != home.target:
        raise Stays(
            f"an earlier run began to move it to {Place(**found['to'])} for {found.get('new')}. Finish that "
            "with its own map, or undo it by its report."
        )


def _without_old(home: Home, new: Json | None, holder: Json) -> Step:
    if new is None:
        raise Stays(f"neither {home.source} nor {home.target} is there; the volume is {home.volume}.")
    if holder.get("uid") == note(new, ORIGIN).get("uid"):
        return Step.POINT
    if not holder.get("uid") and Place(holder.get("namespace", ""), holder.get("name", "")) == home.target:
        return Step.WAIT
    raise Stays(f"volume {home.volume} belongs to somebody else by now: {holder}. Somebody must look at it.")
