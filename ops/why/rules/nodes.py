"""Nodes that are not well."""

from __future__ import annotations

from collections.abc import Iterator

from ops.why.cause import Cause, Weight
from ops.why.facts import Facts, condition, ref
from ops.why.times import moment

_PRESSURES = {
    "MemoryPressure": "it lacks memory",
    "DiskPressure": "it lacks disk",
    "PIDPressure": "it has too many processes",
    "NetworkUnavailable": "its network is not set up",
}


def nodes(facts: Facts) -> Iterator[Cause]:
    """Judge every node that may be seen."""
    for node in facts.all("nodes"):
        state = condition(node, "Ready")
        if state and state.get("status") != "True":
            yield Cause(
                rule="node-not-ready",
                about=ref(node, "Node"),
                what="it is not ready.",
                says=f"{state.get('reason', '')}: {state.get('message', '')}".strip(": "),
                follows="Nothing starts on it; what ran there is started elsewhere after five minutes, "
                "volumes of one node not at all.",
                advice="See its kubelet and its network; it belongs to the cluster's owner.",
                commands=(facts.shell.cluster("describe", "node", ref(node).name),),
                when=moment(state.get("lastTransitionTime")),
                weight=Weight.NODE,
            )
        for kind, what in _PRESSURES.items():
            pressed = condition(node, kind)
            if pressed.get("status") == "True":
                yield Cause(
                    rule="node-pressed",
                    about=ref(node, "Node"),
                    what=f"{what} ({kind}).",
                    says=str(pressed.get("message") or ""),
                    follows="It takes no new pods, and puts out some that it has.",
                    advice="Free what it lacks: images and logs on its disk, servers that nobody uses.",
                    commands=(facts.shell.cluster("describe", "node", ref(node).name),),
                    when=moment(pressed.get("lastTransitionTime")),
                    weight=Weight.NODE,
                )
