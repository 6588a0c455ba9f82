"""What a pod waits for on its node: volumes that are not attached or mounted, and its network."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts
from ops.why.troubles import Trouble

REASONS = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "NetworkNotReady")
_FOLLOWS = "The pod waits on its node, which tries again by itself."
# By words: rule, what, advice. {0} is what the words name.
_KINDS: tuple[tuple[str, str, str, str], ...] = (
    (
        "multi-attach",
        r"Multi-Attach error",
        "its volume is still attached to another node, and only one may have it",
        "Stop the pod that has it there. After the loss of a node its owner tells the cluster that it is off "
        "(taint node.kubernetes.io/out-of-service), else that takes six minutes and more.",
    ),
    (
        "attach",
        r"AttachVolume|attach",
        "its volume cannot be attached to the node",
        "The driver of the StorageClass says why: see its pods and the volume's VolumeAttachment.",
    ),
    (
        "mount-denied",
        r"access denied|permission denied|Permission denied",
        "the server of its volume refuses the node",
        "Let the nodes' addresses in at the export of the file server.",
    ),
    (
        "mount-unreachable",
        r"timed out|timeout|Connection refused|No route to host|no such host",
        "the server of its volume does not answer the node",
        "Check name and address of the file server, and the firewall between: `ops firewall` lists the way.",
    ),
    (
        "mount-no-driver",
        r"driver name \S+ not found|bad option|mount program|unknown filesystem type",
        "the node lacks what mounts its volume",
        "Install the driver of the StorageClass on the nodes, or the file system's tools (nfs-common).",
    ),
    (
        "network",
        r"sandbox|network plugin|cni|NetworkPluginNotReady|network is not ready",
        "the node cannot give it a network",
        "See the pods of the network plugin on that node.",
    ),
)


def found(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell what the node waits for."""
    weight = Weight.USER if trouble.of_user else Weight.CORE
    missing = re.search(r'(configmap|secret) "([^"]+)" not found', trouble.words)
    if missing:
        kind = {"configmap": "ConfigMap", "secret": "Secret"}[missing[1]]
        yield Cause(
            rule="object-missing",
            about=Ref(kind, missing[2]),
            what="it is not there, and a pod mounts it.",
            says=trouble.words,
            follows=_FOLLOWS,
            advice="Deploy again where the stack makes it; `ops secrets` says which Secrets others bring.",
            commands=(
                facts.shell.kubectl("get", kind.lower(), missing[2]),
                facts.shell.describe(trouble.about),
            ),
            when=trouble.when,
            weight=weight,
        )
        return
    rule, what, advice = next(
        ((rule, what, advice) for rule, words, what, advice in _KINDS if re.search(words, trouble.words)),
        ("mount", "its volume cannot be mounted", "Read its words; the log of the node's kubelet has more."),
    )
    yield Cause(
        rule=rule,
        about=trouble.about,
        what=f"{what}.",
        says=trouble.words,
        follows=_FOLLOWS,
        advice=advice,
        commands=(facts.shell.describe(trouble.about),),
        when=trouble.when,
        weight=weight,
    )
