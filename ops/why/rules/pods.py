"""Each pod that is not well, by its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ops.why.cause import Cause
from ops.why.facts import Facts
from ops.why.rules import containers, images, mounts, places
from ops.why.troubles import CRASHED, PULLING, UNREADY, UNSCHEDULABLE, Trouble, troubles

_PUT_OUT = ("Evicted", "NodeLost", "Preempting", "Shutdown", "NodeShutdown", "Terminated", "NodeAffinity")
_RULES: dict[str, Callable[[Trouble, Facts], Iterator[Cause]]] = {
    **dict.fromkeys(images.REASONS, images.found),
    **dict.fromkeys(_PUT_OUT, containers.evicted),
    **dict.fromkeys(mounts.REASONS, mounts.found),
    PULLING: images.pulling,
    UNSCHEDULABLE: places.found,
    CRASHED: containers.crashed,
    UNREADY: containers.unready,
    "CreateContainerConfigError": containers.unconfigured,
}


def pods(facts: Facts) -> Iterator[Cause]:
    """Judge every pod."""
    for trouble in troubles(facts):
        yield from _RULES.get(trouble.reason, containers.stuck)(trouble, facts)
