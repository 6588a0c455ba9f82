"""The namespace: not there, or on its way out and held; and what whoever asks may not see in it."""

from __future__ import annotations

from collections.abc import Iterator

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts, at, condition, name_of
from ops.why.times import moment

_HELD = ("NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionContentFailure")
_GROUP_GONE = "NamespaceDeletionDiscoveryFailure"


def namespace(facts: Facts) -> Iterator[Cause]:
    """Judge the namespace."""
    if not facts.knows("namespaces"):
        return
    about = Ref("Namespace", facts.shell.namespace)
    found = facts.named("namespaces", facts.shell.namespace)
    if found is None:
        ours = facts.settings.namespace.create
        yield Cause(
            rule="namespace-missing",
            about=about,
            what="the cluster has no such namespace.",
            follows="Nothing of the stack is there.",
            advice="Was this the right cluster? The stack makes the namespace when it is deployed."
            if ours
            else "Its owner makes it: namespace.create is false.",
            commands=(facts.shell.up(),) if ours else (facts.shell.ops("env"),),
            weight=Weight.BLOCKS,
        )
    elif at(found, "metadata.deletionTimestamp"):
        held = [condition(found, kind) for kind in (*_HELD, _GROUP_GONE)]
        words = [str(one.get("message")) for one in held if one.get("status") == "True"]
        yield Cause(
            rule="namespace-terminating",
            about=about,
            what="it is being deleted, and something holds it." if words else "it is being deleted.",
            says="; ".join(words),
            follows="Nothing can be made in it; what was in it, claims too, goes with it.",
            advice="A finalizer holds it: the controller that put it there must run, and take it away. "
            "Removing it by hand leaves behind what it guards.",
            commands=(
                facts.shell.cluster("describe", "namespace", name_of(found)),
                facts.shell.cluster("get", "apiservices") if len(words) == 0 else _listed(facts),
            ),
            when=moment(at(found, "metadata.deletionTimestamp")),
            weight=Weight.BLOCKS,
        )


def _listed(facts: Facts) -> str:
    listed = "kubectl api-resources --verbs=list --namespaced -o name"
    return f"{listed} | xargs -n 1 {facts.shell.kubectl('get', '--ignore-not-found', '--show-kind')}"


def rights(facts: Facts) -> Iterator[Cause]:
    """Tell what whoever asks may not see in the stack's own namespace: a deployment fails there, too."""
    closed = [one for one in facts.unseen if one.forbidden and one.what in _OWN]
    if closed:
        yield Cause(
            rule="rights",
            about=Ref("Namespace", facts.shell.namespace),
            what=f"you may not see its {', '.join(one.what for one in closed)}.",
            says=closed[0].why,
            follows="A deployment with these rights fails, and here nothing can be told of them.",
            advice="The cluster's owner grants whoever deploys what it takes.",
            commands=(
                f"bin/ops rights --stack {facts.shell.stack} | {facts.shell.cluster('apply', '-f', '-')}",
            ),
            weight=Weight.BLOCKS,
        )


_OWN = ("pods", "deployments", "persistentvolumeclaims", "releases")
