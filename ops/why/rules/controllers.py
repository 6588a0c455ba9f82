"""Controllers whose pods are refused, scaled to none, or not ready without a pod saying why; hanging jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts, Json, at, condition, name_of, ref
from ops.why.rules.admission import refusal
from ops.why.times import RECENT, STARTING, moment

_KINDS = {
    "replicasets": "ReplicaSet",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
}
_CORE = ("hub", "proxy")
_LONG = timedelta(minutes=3)


def refused(facts: Facts) -> Iterator[Cause]:
    """Tell whose pods the API server does not take in."""
    for resource, kind in _KINDS.items():
        for one in facts.all(resource):
            words, when = _refusal_of(one, kind, facts)
            if not words:
                continue
            found = refusal(words, facts)
            yield Cause(
                rule=found.rule,
                about=ref(one, kind),
                what=f"{found.what}.",
                says=words,
                follows="Not even the pod is there: it is tried again, ever more rarely.",
                advice=found.advice,
                commands=found.commands or (facts.shell.describe(ref(one, kind)),),
                when=when,
            )


def _refusal_of(one: Json, kind: str, facts: Facts) -> tuple[str, datetime | None]:
    failed = condition(one, "ReplicaFailure")
    if failed.get("status") == "True":
        return str(failed.get("message") or ""), moment(failed.get("lastTransitionTime"))
    if kind == "ReplicaSet" or not _lacks_pods(one, kind):
        return "", None
    for event in facts.events_of(ref(one, kind)):
        if event.reason == "FailedCreate" and facts.since(event.when) < RECENT.total_seconds():
            return event.message.removeprefix("(combined from similar events): "), event.when
    return "", None


def _lacks_pods(one: Json, kind: str) -> bool:
    status = one.get("status") or {}
    if kind == "DaemonSet":
        return int(status.get("currentNumberScheduled") or 0) < int(status.get("desiredNumberScheduled") or 0)
    if kind == "Job":
        return not status.get("active") and not status.get("succeeded") and not status.get("failed")
    return int(status.get("replicas") or 0) < int(at(one, "spec.replicas") or 0)


def deployments(facts: Facts) -> Iterator[Cause]:
    """Tell which of the release's parts do not serve."""
    for one in facts.all("deployments"):
        wanted = int(at(one, "spec.replicas") if at(one, "spec.replicas") is not None else 1)
        there = int(at(one, "status.availableReplicas") or 0)
        name = name_of(one)
        if wanted == 0 and name in (*_CORE, "cloudflared"):
            yield _scaled_down(name, facts)
        elif there < wanted and not _just_changed(one, facts):
            yield _unavailable(one, there, wanted, facts)
    if facts.knows("deployments") and any(rev.status == "deployed" for rev in facts.revisions):
        missing = [name for name in _CORE if not facts.named("deployments", name)]
        yield from (_missing(name, facts) for name in missing)


def _scaled_down(name: str, facts: Facts) -> Cause:
    replicas = "--replicas=1" if name in _CORE else "--replicas=2"
    return Cause(
        rule="scaled-down",
        about=Ref("Deployment", name),
        what="somebody scaled it to no pods.",
        says="spec.replicas: 0",
        follows={"hub": "Nobody signs in or starts a server.", "proxy": "Nobody reaches anything."}.get(
            name, "Nobody comes in through the tunnel."
        ),
        advice="Scale it up again.",
        commands=(facts.shell.kubectl("scale", f"deployment/{name}", replicas),),
    )


def _unavailable(one: Json, there: int, wanted: int, facts: Facts) -> Cause:
    available = condition(one, "Available")
    return Cause(
        rule="unavailable",
        about=ref(one, "Deployment"),
        what=f"{there} of {wanted} pods are ready.",
        says=str(condition(one, "Progressing").get("message") or available.get("message") or ""),
        follows="What it does is not done, or by fewer than it should be.",
        advice="See its pods, and what they say.",
        commands=(facts.shell.kubectl("get", "pods"), facts.shell.describe(ref(one, "Deployment"))),
        when=moment(available.get("lastTransitionTime")),
        weight=Weight.SYMPTOM,
    )


def _just_changed(one: Json, facts: Facts) -> bool:
    """Whether it is on its way: pods take their time to become ready."""
    failed = condition(one, "ReplicaFailure").get("status") == "True"
    since = moment(condition(one, "Available").get("lastTransitionTime"))
    return not failed and since is not None and facts.since(since) < STARTING.total_seconds()


def last_of(facts: Facts) -> int:
    """Give the number of the release's last revision."""
    return max(one.number for one in facts.revisions)


def _missing(name: str, facts: Facts) -> Cause:
    return Cause(
        rule="part-missing",
        about=Ref("Deployment", name),
        what="the release is deployed, and this part of it is not there.",
        follows="Somebody deleted it; Helm does not notice, and neither does a preview.",
        advice="Go back to the release's own last revision, which makes it anew.",
        commands=(
            facts.shell.helm("rollback", facts.release, str(last_of(facts))),
            facts.shell.pulumi("refresh"),
        ),
    )


def jobs(facts: Facts) -> Iterator[Cause]:
    """Tell which of Helm's hooks hold up the release: it waits for them."""
    for one in facts.all("jobs"):
        if "helm.sh/hook" not in (at(one, "metadata.annotations") or {}) or at(one, "status.succeeded"):
            continue
        since = moment(at(one, "status.startTime"))
        failed = condition(one, "Failed")
        if failed.get("status") != "True" and facts.since(since) < _LONG.total_seconds():
            continue
        over = failed.get("status") == "True"
        yield Cause(
            rule="hook-failed" if over else "hook-hangs",
            about=ref(one, "Job"),
            what="a hook of the release failed."
            if over
            else "a hook of the release does not come to its end.",
            says=str(failed.get("message") or ""),
            follows="Helm gives up, and the release with it."
            if over
            else "Helm waits for it, and then gives up.",
            advice="See what its pods, and those of the image puller (hook-image-puller), wait for.",
            commands=(facts.shell.kubectl("get", "pods"), facts.shell.describe(ref(one, "Job"))),
            when=since,
            weight=Weight.SYMPTOM,
        )
