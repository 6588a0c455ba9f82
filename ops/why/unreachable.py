"""A cluster that does not answer: each cause of it told apart, with what to do."""

from __future__ import annotations

import os
import re

from ops.ending import Cannot
from ops.kubectl import Kubectl, NoAnswer
from ops.live import Live
from ops.why.masking import masked

_CONTEXTS = "contexts"
# By kubectl's words: what is wrong, what to do. The first that fits counts.
_WORDS = (
    (
        r"context was not found|context \S+ does not exist|no context exists",
        "the kubeconfig has no context {context}",
        _CONTEXTS,
    ),
    (
        r"certificate has expired or is not yet valid|client certificate|expired.*certificate",
        "a certificate has expired",
        "Fetch the kubeconfig anew from the cluster's owner; is this machine's clock right?",
    ),
    (
        r"x509|failed to verify certificate|certificate signed by",
        "this machine does not trust the certificate of the API server",
        "The kubeconfig's certificate-authority-data must be that cluster's: fetch it anew. A "
        "proxy that opens TLS must let this host pass.",
    ),
    (
        r"Unauthorized|must be logged in|provide credentials|getting credentials|token.*expired"
        r"|executable \S+ not found",
        "the cluster does not take these credentials: they have expired, or what brings them failed",
        "Sign in anew, as the cluster's owner says, and try again: kubectl --context {context} auth whoami",
    ),
    (
        r"localhost:8080|no configuration has been provided|stat \S+: no such file|current-context is not",
        "there is no kubeconfig ({kubeconfig})",
        "Let KUBECONFIG name it.",
    ),
    (
        r"no such host|name resolution|server misbehaving",
        "the name of the API server cannot be resolved",
        "Is this machine in the cluster's network (VPN)? Else correct `server` in the kubeconfig.",
    ),
    (
        r"refused|connection reset",
        "nobody listens at the address of the API server",
        "Is the cluster up, and `server` in the kubeconfig right? Of the embedded node: make status",
    ),
    (
        r"[Tt]imeout|timed out|no answer|deadline exceeded|no route|unreachable",
        "the API server does not answer",
        "A firewall or a missing VPN, as a rule; `ops firewall` lists what must be open.",
    ),
)


def cannot(refused: NoAnswer, live: Live) -> Cannot:
    """Say why the cluster cannot be asked."""
    words = str(refused)
    given = {
        "context": live.cluster.context or "",
        "kubeconfig": os.environ.get("KUBECONFIG") or "~/.kube/config",
    }
    for pattern, what, advice in _WORDS:
        if re.search(pattern, words):
            told = _contexts(live.cluster, what) if advice == _CONTEXTS else (what, advice)
            return _cannot(told[0].format(**given), told[1].format(**given), words)
    return _cannot("the cluster gives no answer that says why", "Read kubectl's words.", words)


def _contexts(cluster: Kubectl, what: str) -> tuple[str, str]:
    """An empty kubeconfig has no context either: tell the two apart."""
    try:
        known = (
            Kubectl(cluster.namespace, command=cluster.command)
            .run("config", "get-contexts", "-o", "name")
            .split()
        )
    except NoAnswer:
        known = []
    if not known:
        return "there is no kubeconfig with a context in it ({kubeconfig})", "Let KUBECONFIG name it."
    return what, f"It has {', '.join(known)}: name one by --context, or let KUBECONFIG name another file."


def _cannot(what: str, advice: str, words: str) -> Cannot:
    return Cannot(
        f"The cluster cannot be asked: {what}.\n"
        f"    It says:      {masked(words)}\n"
        "    What follows: nothing can be told of the stack, and a deployment fails in the same way.\n"
        f"    What to do:   {advice}"
    )
