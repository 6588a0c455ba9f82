"""The end of a move: volumes have the reclaim policy again that they had before."""

from __future__ import annotations

from collections.abc import Iterator

from ops.kubectl import Json
from ops.moving import allowed
from ops.moving.allowed import Right
from ops.moving.homes import MARK, ORIGIN, Place, note, place
from ops.moving.steps import RETAIN
from ops.moving.world import World
from ops.telling import as_json, plain


def finish(here: World, apply: bool, as_json_: bool) -> None:
    """Give each moved volume its policy back, and remove our note from it."""
    found = list(_kept(here))
    if apply:
        rights = [
            Right(verb, "persistentvolumes", name=one["volume"]) for one in found for verb in ("get", "patch")
        ]
        allowed.refuse(allowed.missing(here.kubectl, rights), here.source.stack)
        for one in found:
            if volume := here.cluster.volume(one["volume"]):
                here.cluster.forget(volume)
    if as_json_:
        as_json({"kind": "ops move-users --finish", "applied": apply, "volumes": found})
        return
    for one in found:
        plain(f"{one['volume']} of {one['claim']}: {RETAIN} -> {one['policy']}\n")
    said = "have" if apply else "would have"
    plain(
        f"{len(found)} volumes {said} the policy again that they had before.\n"
        if found
        else "There is nothing to finish.\n"
    )


def _kept(here: World) -> Iterator[Json]:
    """Give the volumes of claims that have moved, and are bound."""
    namespace = here.target.cluster.namespace
    for claim in here.cluster.claims(namespace):
        if not note(claim, ORIGIN) or claim["status"].get("phase") != "Bound":
            continue
        volume = here.cluster.volume(claim["spec"]["volumeName"])
        marked = note(volume, MARK) if volume else {}
        if marked.get("policy") and Place(**marked["to"]) == place(claim):
            yield {
                "claim": str(place(claim)),
                "volume": claim["spec"]["volumeName"],
                "policy": marked["policy"],
            }
