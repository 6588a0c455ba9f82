"""Containers that end, are killed, or run without being ready; and what they could not be given at start."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts, at
from ops.why.troubles import CRASHED, STUCK, UNREADY, Trouble

LINES = 8
_KILLED = 137


def crashed(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell how a container ended."""
    ended = _end(trouble)
    code = ended.get("exitCode")
    times = int((trouble.status or {}).get("restartCount") or 0)
    restarts = f" (restarts: {times})" if times else ""
    if ended.get("reason") == "OOMKilled":
        yield _out_of_memory(trouble, facts, restarts)
    elif "failed to create" in trouble.words or ended.get("reason") in ("StartError", "ContainerCannotRun"):
        yield _not_started(trouble, facts)
    elif code == _KILLED and (probe := _killed_by_probe(trouble, facts)):
        yield _cause(
            trouble,
            facts,
            rule="liveness",
            what=f"the container {trouble.container} is killed because its liveness probe fails{restarts}.",
            says=probe,
            follows="It is started again and again, and the pauses between grow to five minutes.",
            advice="See what it says before it is killed; too little processor makes a probe late, too.",
        )
    else:
        how = "the init container" if _is_init(trouble) else "the container"
        yield _cause(
            trouble,
            facts,
            rule="init-crash" if _is_init(trouble) else "crash",
            what=f"{how} {trouble.container} ended with exit code {code}{restarts}.",
            says=trouble.words,
            follows="It is started again and again, and the pauses between grow to five minutes.",
            advice="Its last lines say why, as a rule.",
        )


def _out_of_memory(trouble: Trouble, facts: Facts, restarts: str) -> Cause:
    limit = _limit(trouble)
    field = "profiles[].memory.limit" if trouble.of_user else "hub.resources, hub.proxyResources"
    return _cause(
        trouble,
        facts,
        rule="out-of-memory",
        what=f"the container {trouble.container} took more memory than it may{limit}: killed{restarts}.",
        says="OOMKilled",
        follows="What it was doing is lost; with the same work it will be killed again.",
        advice=f"Give it more memory ({field} in {facts.shell.file}), or let it do with less.",
        extra=(facts.shell.up(),),
    )


def _not_started(trouble: Trouble, facts: Facts) -> Cause:
    return _cause(
        trouble,
        facts,
        rule="not-started",
        what=f"the container {trouble.container} cannot be started: the image lacks what it shall run, or "
        "may not run it.",
        says=trouble.words or str(_end(trouble).get("message") or ""),
        follows="It is tried again and again, to no avail.",
        advice="Use an image that has the command; images of ours have it (images/).",
    )


def unready(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell that something runs and does not answer."""
    yield _cause(
        trouble,
        facts,
        rule="not-ready",
        what=f"the container {trouble.container} runs and does not answer its readiness probe.",
        says=trouble.words,
        follows="Nobody is sent to it until it does.",
        advice="Its log says what it waits for, as a rule: database, proxy, a way that a policy closes.",
    )


def unconfigured(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell which Secret, ConfigMap or key is missing that a container reads."""
    missing = re.search(r'(configmap|secret) "([^"]+)" not found', trouble.words, re.IGNORECASE)
    key = re.search(r"find key (\S+) in (ConfigMap|Secret) \S+?/(\S+)", trouble.words)
    if missing:
        kind = {"configmap": "ConfigMap", "secret": "Secret"}[missing[1].lower()]
        name, what = missing[2], "it is not there, and a container reads it."
    elif key:
        kind, name = key[2], key[3]
        what = f"it has no key {key[1]}, which a container reads."
    else:
        kind, name, what = "", "", f"the container {trouble.container} cannot be made."
    yield _cause(
        trouble,
        facts,
        rule="key-missing" if key else "object-missing" if missing else "not-made",
        what=what,
        says=trouble.words,
        follows="The pod goes on by itself as soon as it is there.",
        advice=_who_brings(kind, facts),
        extra=_shown(kind, name, facts),
        about=Ref(kind, name) if name else None,
    )


def _shown(kind: str, name: str, facts: Facts) -> tuple[str, ...]:
    if not name:
        return ()
    listed = facts.shell.kubectl("get", kind.lower())
    return (facts.shell.ops("secrets"), listed) if kind == "Secret" else (facts.shell.up(), listed)


def _who_brings(kind: str, facts: Facts) -> str:
    if kind != "Secret":
        return (
            "Deploy again: what a stack's pods read, the stack makes, unless the settings say who else does."
        )
    source = facts.settings.secrets.source
    if source == "externalSecrets":
        return "External Secrets brings it from the store: see whether its ExternalSecret is in order."
    if source == "cluster":
        return (
            "Others put it into the namespace: `ops secrets` says which keys it must have, and who brings it."
        )
    return "`ops secrets` says whence it comes, and the command that sets it; then deploy again."


def evicted(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell that a node got rid of a pod."""
    too_much = "exceeds the limit" in trouble.words or "exceeds the total limit" in trouble.words
    yield _cause(
        trouble,
        facts,
        rule="evicted",
        what=f"the node put the pod out ({trouble.reason}).",
        says=trouble.words.strip(),
        follows="It does not come back by itself; a server of a user is started anew by its user.",
        advice="It wrote more into a scratch volume than that may hold: write into the home instead."
        if too_much
        else "The node lacked memory or disk: see its conditions, and what else runs there.",
        extra=() if too_much else (facts.shell.cluster("describe", "nodes"),),
    )


def stuck(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell of a pod that gives no reason."""
    yield _cause(
        trouble,
        facts,
        rule="stuck",
        what="it is not ready, and does not say why."
        if trouble.reason == STUCK
        else f"it is {trouble.reason}.",
        says=trouble.words,
        follows="Nobody is served by it.",
        advice="Its events, and the log of the node's kubelet, say more.",
        weight=Weight.SYMPTOM,
    )


def _cause(
    trouble: Trouble,
    facts: Facts,
    *,
    extra: tuple[str, ...] = (),
    about: Ref | None = None,
    weight: Weight | None = None,
    **words: str,
) -> Cause:
    rule, what, says, follows, advice = (
        words[name] for name in ("rule", "what", "says", "follows", "advice")
    )
    lines, command = _said_last(trouble, facts)
    return Cause(
        about=about or trouble.about,
        commands=(*extra, *command),
        lines=lines,
        when=trouble.when,
        weight=weight if weight is not None else Weight.USER if trouble.of_user else Weight.CORE,
        rule=rule,
        what=what,
        says=says,
        follows=follows,
        advice=advice,
    )


def _said_last(trouble: Trouble, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the last lines of the run that failed, and the command that shows them all."""
    describe = facts.shell.describe(trouble.about)
    if trouble.reason not in (CRASHED, UNREADY):
        return (), (describe,)
    logs = [one for one in facts.logs if (one.pod, one.container) == (trouble.name, trouble.container)]
    logs.sort(key=lambda one: one.previous == (trouble.reason == UNREADY))
    command = facts.shell.kubectl("logs", trouble.name, "-c", trouble.container)
    for one in logs:
        lines = [line for line in one.text.splitlines() if line.strip()][-LINES:]
        if lines:
            return tuple(lines), (f"{command} --previous" if one.previous else command, describe)
    return (), (command, describe)


def _end(trouble: Trouble) -> dict[str, object]:
    status = trouble.status or {}
    return at(status, "state.terminated") or at(status, "lastState.terminated") or {}


def _is_init(trouble: Trouble) -> bool:
    first = [one.get("name") for one in at(trouble.pod, "spec.initContainers") or ()]
    return trouble.container in first


def _limit(trouble: Trouble) -> str:
    for one in at(trouble.pod, "spec.containers") or ():
        if one.get("name") == trouble.container and (limit := at(one, "resources.limits.memory")):
            return f" ({limit})"
    return ""


def _killed_by_probe(trouble: Trouble, facts: Facts) -> str:
    said = [one.message for one in facts.events_of(trouble.about) if one.reason == "Unhealthy"]
    return next((words for words in said if words.startswith(("Liveness", "Startup"))), "")
