"""What is the matter with a pod, in its own words: out of its status, else out of what was said about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ops.why.cause import Ref
from ops.why.facts import Event, Facts, Json, at, condition, name_of
from ops.why.times import RECENT, STARTING, moment

UNSCHEDULABLE, CRASHED, UNREADY, STUCK = "Unschedulable", "Crashed", "Unready", "Stuck"
PULLING = "Pulling"
_STARTING = ("", "PodInitializing", "ContainerCreating")
_CRASHING = ("CrashLoopBackOff", "RunContainerError", "CreateContainerError", "StartError")
_WAIT = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "NetworkNotReady")
# Of a pod that is gone only events tell; which of them says most, by reason and words.
_OF_EVENTS = (
    ("Failed", r"Failed to pull image|couldn't parse image name", "ErrImagePull"),
    ("ErrImageNeverPull", "", "ErrImageNeverPull"),
    ("Evicted", "", "Evicted"),
    ("Failed", r"configmap|[Ss]ecret", "CreateContainerConfigError"),
    ("Failed", r"failed to create", "RunContainerError"),
    *((reason, "", reason) for reason in _WAIT),
    ("BackOff", "Back-off restarting", CRASHED),
    ("FailedScheduling", "", UNSCHEDULABLE),
    ("Unhealthy", "", UNREADY),
)


@dataclass(frozen=True)
class Trouble:
    """One pod, the reason as Kubernetes names it, its words."""

    pod: Json
    reason: str
    words: str
    container: str = ""
    when: datetime | None = None
    status: Json | None = None
    """Of the container."""

    @property
    def name(self) -> str:
        """The pod's name."""
        return name_of(self.pod)

    @property
    def about(self) -> Ref:
        """The pod."""
        return Ref("Pod", self.name)

    @property
    def of_user(self) -> bool:
        """Whether somebody works in it."""
        return at(self.pod, "metadata.labels.component") == "singleuser-server" or self.name.startswith(
            "jupyter-"
        )


def troubles(facts: Facts) -> Iterator[Trouble]:
    """Give one for each pod that is not well, and for those that are gone and that somebody waits for."""
    for pod in facts.all("pods"):
        if found := _of(pod, facts):
            yield found
    for name in sorted(awaited(facts)):
        if not facts.named("pods", name) and (gone := _gone(name, facts)):
            yield gone


def started_a_moment_ago(pod: Json, facts: Facts) -> bool:
    """Whether a pod may still become ready by itself."""
    since = moment(at(pod, "status.startTime") or at(pod, "metadata.creationTimestamp"))
    return facts.since(since) < STARTING.total_seconds() and not any(
        one.get("restartCount") for one in containers(pod)
    )


def ready(pod: Json) -> bool:
    """Whether a pod serves, or has ended well."""
    return at(pod, "status.phase") == "Succeeded" or condition(pod, "Ready").get("status") == "True"


def containers(pod: Json) -> list[Json]:
    """Give the status of each container, in the order in which they start."""
    return [*(at(pod, "status.initContainerStatuses") or ()), *(at(pod, "status.containerStatuses") or ())]


def awaited(facts: Facts) -> set[str]:
    """Give the pods that the hub's log says did not start, and that of the user who is asked about."""
    found: set[str] = set()
    for log in facts.logs:
        if log.container == "hub" and not log.previous:
            found |= set(re.findall(r"pod \S+?/(\S+) did not start in", log.text))
            users = re.findall(r"(\S+?)'s server failed to start in", log.text)
            found |= {pod_of(user, facts) for user in users}
    if facts.user:
        found.add(pod_of(facts.user, facts))
    return found


def user_of(pod: str, facts: Facts) -> str:
    """Give whose pod it is, there or gone: by the annotation of pod or claim, else by its name."""
    for resource, name in (("pods", pod), ("persistentvolumeclaims", pod.replace("jupyter-", "claim-", 1))):
        user = (at(facts.named(resource, name), "metadata.annotations") or {}).get("hub.jupyter.org/username")
        if user:
            return str(user)
    return re.sub(r"^(jupyter|claim)-|---[0-9a-f]{8}$", "", pod)


def pod_of(user: str, facts: Facts) -> str:
    """Give the name of a user's pod: as it is labelled, by the claim that shares its end, or as usual."""
    for resource, before in (("pods", ""), ("persistentvolumeclaims", "claim-")):
        for one in facts.all(resource):
            if (at(one, "metadata.annotations") or {}).get("hub.jupyter.org/username") == user:
                name = name_of(one)
                return f"jupyter-{name.removeprefix(before)}" if before else name
    return f"jupyter-{user}"


def _of(pod: Json, facts: Facts) -> Trouble | None:
    if ready(pod):
        return _killed_for_memory(pod, facts)
    status = pod.get("status") or {}
    created = moment(at(pod, "metadata.creationTimestamp"))
    if at(pod, "metadata.deletionTimestamp"):
        return _leaving(pod, facts)
    if status.get("phase") == "Failed" and status.get("reason"):
        return _put_out(pod, facts, _last_end(pod) or created)
    placed = condition(pod, "PodScheduled")
    if placed.get("status") == "False":
        since = moment(placed.get("lastTransitionTime")) or created
        return Trouble(pod, UNSCHEDULABLE, placed.get("message") or "", when=since)
    for one in containers(pod):
        if found := _of_container(pod, one, facts):
            return found
    return _waiting(pod, facts, created)


def _of_container(pod: Json, one: Json, facts: Facts) -> Trouble | None:
    state = one.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    last = at(one, "lastState.terminated") or {}
    name = str(one.get("name"))
    reason, words = waiting.get("reason") or "", waiting.get("message") or ""
    if reason in _CRASHING or (not reason and ended.get("exitCode")):
        end = ended or last
        said = words if reason not in ("", "CrashLoopBackOff") else end.get("message") or ""
        return Trouble(pod, CRASHED, said, name, moment(end.get("finishedAt")), one)
    if reason not in _STARTING:
        newest = next(_warnings(pod, facts, ("Failed",)), None)
        return Trouble(pod, reason, words, name, newest.when if newest else None, one)
    unready = state.get("running") and not one.get("ready")
    said_so = next(_warnings(pod, facts, ("Unhealthy",)), None)
    if unready and said_so and not started_a_moment_ago(pod, facts):
        return Trouble(pod, UNREADY, said_so.message, name, said_so.when, one)
    return None


def _waiting(pod: Json, facts: Facts, created: datetime | None) -> Trouble | None:
    found = next(_warnings(pod, facts, _WAIT), None)
    if found:
        return Trouble(pod, found.reason, found.message, when=found.when)
    if facts.since(created) < STARTING.total_seconds() or started_a_moment_ago(pod, facts):
        return None
    newest = next(facts.events_of_pod(name_of(pod)), None)
    if newest and newest.reason == PULLING:
        return Trouble(pod, PULLING, newest.message, when=newest.when)
    phase = at(pod, "status.phase") or "Unknown"
    return Trouble(pod, STUCK, str(phase), when=created)


def _put_out(pod: Json, facts: Facts, when: datetime | None) -> Trouble | None:
    """A pod that a node put out stays to be seen; once others do its work it matters no more."""
    if facts.since(when) > RECENT.total_seconds() and name_of(pod) not in awaited(facts):
        return None
    return Trouble(pod, at(pod, "status.reason"), at(pod, "status.message") or "", when=when)


def _leaving(pod: Json, facts: Facts) -> Trouble | None:
    """A pod that ends is no trouble, unless it does not come to its end."""
    since = moment(at(pod, "metadata.deletionTimestamp"))
    if facts.since(since) < RECENT.total_seconds() / 6:
        return None
    held = ", ".join(at(pod, "metadata.finalizers") or ())
    return Trouble(pod, "Terminating", f"held by {held}" if held else "", when=since)


def _killed_for_memory(pod: Json, facts: Facts) -> Trouble | None:
    for one in containers(pod):
        last = at(one, "lastState.terminated") or {}
        when = moment(last.get("finishedAt"))
        if last.get("reason") == "OOMKilled" and facts.since(when) < RECENT.total_seconds():
            return Trouble(pod, CRASHED, "", str(one.get("name")), when, one)
    return None


def _warnings(pod: Json, facts: Facts, reasons: Sequence[str]) -> Iterator[Event]:
    """Give what was said about this pod lately, and not about an earlier one of its name."""
    created = moment(at(pod, "metadata.creationTimestamp"))
    for one in facts.events_of(Ref("Pod", name_of(pod))):
        old = one.when and (
            (created and one.when < created) or facts.since(one.when) > RECENT.total_seconds()
        )
        if one.warning and one.reason in reasons and not old:
            yield one


def _gone(name: str, facts: Facts) -> Trouble | None:
    said = [
        one
        for one in facts.events_of(Ref("Pod", name))
        if facts.since(one.when) <= RECENT.total_seconds() and one.warning
    ]
    for reason, words, meaning in _OF_EVENTS:
        for one in said:
            if one.reason == reason and re.search(words, one.message):
                pod = {"metadata": {"name": name, "labels": {"component": "singleuser-server"}}}
                return Trouble(pod, meaning, one.message, when=one.when)
    return None


def _last_end(pod: Json) -> datetime | None:
    ends = [moment(at(one, "state.terminated.finishedAt")) for one in containers(pod)]
    return max((one for one in ends if one), default=None)
