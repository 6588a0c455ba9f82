"""A pod for which there is no place: the scheduler's reasons in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from ops.why.cause import Cause, Weight
from ops.why.facts import Facts, at, name_of
from ops.why.troubles import Trouble
from settings.names import amount

_TEN = ("Ki", "Mi", "Gi", "Ti")
# By the scheduler's words: what it means, and what to do. {0} is what the words name.
_REASONS: tuple[tuple[str, str, str, str], ...] = (
    (
        "claim-missing",
        r'persistentvolumeclaim "([^"]+)" not found',
        "it mounts the claim {0}, which is not there",
        "The spawner makes homes, a deployment the shared folder: deploy again, or correct the claim's name.",
    ),
    (
        "claim-unbound",
        r"unbound immediate PersistentVolumeClaims",
        "it waits for a claim that has no volume",
        "See why the claim has none.",
    ),
    (
        "claim-leaving",
        r'persistentvolumeclaim "([^"]+)" is being deleted',
        "its claim {0} is being deleted",
        "Let the pods that still use it end, so that it can go, and start again.",
    ),
    (
        "volume-elsewhere",
        r"node\(s\) (?:had|didn't match) (?:PersistentVolume's node affinity|volume node affinity conflict)",
        "its volume lies on a node (or in a zone) where it may not run",
        "Bring that node back, or let the pod run there: nodeSelector of the profile, placement.",
    ),
    (
        "volumes-many",
        r"node\(s\) exceed max volume count",
        "no node can take one more volume",
        "Add a node, or stop servers that nobody uses.",
    ),
    (
        "gpu-lacking",
        r"Insufficient ((?:nvidia|amd|gpu)[^\s,.]*\.[^\s,]*[a-z0-9])",
        "no node has so many free GPUs ({0})",
        "Wait until somebody stops a server with a GPU, ask for fewer in the profile, or see whether the "
        "GPU operator still offers them on the nodes.",
    ),
    (
        "memory-lacking",
        r"Insufficient (memory)",
        "no node has so much memory to give",
        "Ask for less (profiles[].memory.guarantee), stop servers that nobody uses, or add a node.",
    ),
    (
        "cpu-lacking",
        r"Insufficient (cpu)",
        "no node has so many processors to give",
        "Ask for less (profiles[].cpu.guarantee), stop servers that nobody uses, or add a node.",
    ),
    (
        "pods-many",
        r"Too many pods",
        "no node takes one more pod",
        "Stop servers that nobody uses, or add a node.",
    ),
    (
        "room-lacking",
        r"Insufficient ([^\s,]+[a-z])",
        "no node has enough {0}",
        "Ask for less of it, or add a node that has it.",
    ),
    (
        "node-broken",
        r"untolerated taint\(?s?\)? ?\{?(node\.kubernetes\.io/[^\s:}]+)",
        "the nodes are not well ({0})",
        "Repair the nodes: nothing starts on them until then.",
    ),
    (
        "node-tainted",
        r"untolerated taint\(?s?\)? ?\{?([^}]+)\}?",
        "the nodes are kept for others (taint {0})",
        "Name the taint in placement of the stack's settings, or take nodes without it.",
    ),
    (
        "node-closed",
        r"node\(s\) were unschedulable",
        "the nodes are closed to new pods (cordoned)",
        "kubectl uncordon NODE, once its owner agrees.",
    ),
    (
        "no-such-node",
        r"didn't match Pod's node affinity/selector|didn't match node selector",
        "no node has the labels that it asks for",
        "Label a node, or correct placement and profiles[].nodeSelector.",
    ),
    (
        "apart",
        r"topology spread|anti-affinity",
        "it must not run beside the others, and there is no further node",
        "Add a node.",
    ),
)


def found(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell why the scheduler finds no node."""
    words = trouble.words.partition(" preemption:")[0].replace(" no new claims to deallocate,", "")
    rule, what, advice = next(
        (
            (rule, what.format(*(match.groups() or ("",))), advice)
            for rule, pattern, what, advice in _REASONS
            if (match := re.search(pattern, words))
        ),
        ("unschedulable", "the scheduler finds no node for it", "Read its words."),
    )
    wanted = _wanted(trouble, facts, rule)
    yield Cause(
        rule=rule,
        about=trouble.about,
        what=f"{what}{wanted}.",
        says=words,
        follows="The pod waits; the scheduler tries again whenever something changes in the cluster.",
        advice=advice
        if trouble.of_user
        else re.sub(r"profiles\[\]\.\w+\.guarantee", "hub.resources", advice),
        commands=(
            facts.shell.describe(trouble.about),
            *(() if rule.startswith("claim") else (facts.shell.cluster("describe", "nodes"),)),
        ),
        when=trouble.when,
        weight=Weight.USER if trouble.of_user else Weight.CORE,
    )


def _wanted(trouble: Trouble, facts: Facts, rule: str) -> str:
    """Compare what it asks for with what the largest node has, for what is lacking."""
    lacking = re.search(r"Insufficient ([^\s,]+[a-z0-9])", trouble.words)
    if not lacking or not rule.endswith("lacking"):
        selector = at(trouble.pod, "spec.nodeSelector") if rule == "no-such-node" else None
        return f" ({', '.join(f'{key}={value}' for key, value in selector.items())})" if selector else ""
    resource = lacking[1]
    asked = sum((_asked(one, resource) for one in at(trouble.pod, "spec.containers") or ()), Decimal(0))
    there = [
        (read(str((at(node, "status.allocatable") or {}).get(resource, "0"))), name_of(node))
        for node in facts.all("nodes")
    ]
    if not asked:
        return ""
    if not there:
        return f": it asks for {_said(asked, resource)}"
    most = max(there)[0]
    largest = f"; the largest node has {_said(most, resource)} in all"
    largest += ", and others have some of it" if most >= asked else ""
    return f": it asks for {_said(asked, resource)}{largest}"


def _asked(container: object, resource: str) -> Decimal:
    given = at(container, "resources") or {}
    return read(str((given.get("requests") or given.get("limits") or {}).get(resource, "0")))


def read(quantity: str) -> Decimal:
    """Give the number of an amount, however Kubernetes writes it; none of what is no amount."""
    try:
        return amount(quantity)
    except (ArithmeticError, KeyError):
        return Decimal(0)


def _said(number: Decimal, resource: str) -> str:
    if resource not in ("memory", "ephemeral-storage"):
        return f"{number.normalize():f}"
    power = next(
        (place for place in range(len(_TEN)) if number < Decimal(1024) ** (place + 2)), len(_TEN) - 1
    )
    return f"{number / Decimal(1024) ** (power + 1):.4g}{_TEN[power]}"
