"""Collects facts about a stack: kubectl looks, pulumi reads; nothing is changed, nothing is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from ops.helm_record import record, revisions
from ops.kubectl import Kubectl, NoAnswer
from ops.live import Live
from ops.why import unreachable
from ops.why.cause import Shell
from ops.why.facts import Event, Facts, Json, Log, Revision, Unseen, at, name_of
from ops.why.masking import masked
from ops.why.stored_state import stored
from ops.why.times import moment
from ops.why.troubles import containers, ready
from settings import Settings
from settings.door import CertManagerTls, Gateway, NoTls
from settings.secrets import FromStore

_EVERYWHERE = (
    "pods",
    "persistentvolumeclaims",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "nodes",
    "storageclasses",
)
_AT_ONCE = 6
_CONTAINERS = 8
_LOG, _HUB_LOG = 60, 3000
_LOST = "unable to retrieve container logs"


@dataclass
class _Seen:
    """What came in so far."""

    objects: dict[str, Sequence[Json]] = field(default_factory=dict)
    unseen: list[Unseen] = field(default_factory=list)

    def take(self, what: str, look: Callable[[], Sequence[Json]]) -> None:
        """Look at something, or write down why it cannot be seen."""
        try:
            self.objects[what] = look()
        except NoAnswer as refused:
            self.unseen.append(Unseen(what, masked(str(refused)), refused.forbidden))


def collected(live: Live, user: str | None = None, tell: Callable[[str], None] = lambda _: None) -> Facts:
    """Look at everything that may be looked at."""
    cluster, settings = live.cluster, live.settings
    seen = _Seen()
    tell("the namespace")
    _namespace(live, seen)
    tell("objects and state")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        state = pool.submit(stored, live.stack, settings)
        for resource in (*_EVERYWHERE, *_further(settings), "events"):
            pool.submit(seen.take, resource, partial(cluster.items, _full(resource)))
        pool.submit(seen.take, "releases", lambda: revisions(cluster, settings.hub.release))
        if not isinstance(settings.tls, NoTls):
            secret = settings.tls.secret_name
            pool.submit(seen.take, "tls", lambda: [one for one in [cluster.find("secret", secret)] if one])
    facts = Facts(
        now=datetime.now(tz=UTC),
        shell=Shell(live.stack, cluster.namespace, cluster.context or settings.cluster.context),
        settings=settings,
        objects={**seen.objects},
        events=[Event.of(one) for one in seen.objects.get("events", ())],
        revisions=[_revision(one) for one in seen.objects.get("releases", ())],
        state=state.result()[0],
        unseen=[*seen.unseen, *state.result()[1]],
        user=user,
    )
    tell("logs")
    return replace(facts, logs=_logs(cluster, facts))


def _namespace(live: Live, seen: _Seen) -> None:
    """Ask for the namespace first: whoever cannot be reached is told as such."""
    for look in (lambda: live.cluster.raw("/version"), lambda: _own_namespace(live, seen)):
        try:
            look()
        except NoAnswer as refused:
            if not refused.forbidden:
                raise unreachable.cannot(refused, live) from refused


def _own_namespace(live: Live, seen: _Seen) -> None:
    name = live.cluster.namespace
    seen.take("namespaces", lambda: [one for one in [live.cluster.find("namespace", name)] if one])


def _further(settings: Settings) -> Iterator[str]:
    """Give what is there only with certain settings."""
    if isinstance(settings.ingress, Gateway):
        yield "httproutes"
    elif settings.ingress.controller != "none" and not settings.ingress.tunnel:
        yield from ("ingresses", "ingressclasses")
    if isinstance(settings.tls, CertManagerTls):
        yield "certificates"
    if isinstance(settings.secrets, FromStore):
        yield from ("externalsecrets", "secretstores")


def _full(resource: str) -> str:
    """Name a resource with its group, where another group may have the same."""
    groups = {
        "ingresses": "networking.k8s.io",
        "certificates": "cert-manager.io",
        "externalsecrets": "external-secrets.io",
        "secretstores": "external-secrets.io",
        "httproutes": "gateway.networking.k8s.io",
    }
    return f"{resource}.{groups[resource]}" if resource in groups else resource


def _revision(one: Json) -> Revision:
    labels = at(one, "metadata.labels") or {}
    try:
        told = record(str(at(one, "data.release")))
    except (ValueError, OSError):
        told = {}
    info = told.get("info") or {}
    return Revision(
        int(labels.get("version", 0)),
        str(info.get("status") or labels.get("status")),
        str(info.get("description") or ""),
        str(at(told, "chart.metadata.version") or ""),
        moment(info.get("last_deployed")),
        name_of(one),
    )


def _logs(cluster: Kubectl, facts: Facts) -> list[Log]:
    """Read the hub's log, and what containers said that end or are not ready."""
    wanted = list(_wanted(facts))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        read = pool.map(lambda one: _log(cluster, *one), wanted)
        return [log for log in read if log]


def _wanted(facts: Facts) -> Iterator[tuple[str, str, bool]]:
    others = 0
    for pod in facts.all("pods"):
        hub = at(pod, "metadata.labels.component") == "hub"
        for one in containers(pod):
            began = at(one, "state.running") or at(one, "state.terminated") or one.get("restartCount")
            if not began or (ready(pod) and not hub) or (not hub and others >= _CONTAINERS):
                continue
            others += not hub
            yield name_of(pod), str(one.get("name")), False
            # Of a container that has ended, its own log is that of the run that failed.
            if one.get("restartCount") and at(one, "state.running") and not ready(pod):
                yield name_of(pod), str(one.get("name")), True


def _log(cluster: Kubectl, pod: str, container: str, previous: bool) -> Log | None:
    hub = container == "hub"
    words = [f"--tail={_HUB_LOG if hub else _LOG}", *(["--timestamps"] if hub else [])]
    try:
        text = cluster.run("logs", pod, "-c", container, *words, *(["--previous"] if previous else []))
    except NoAnswer:
        # The pod may be gone by now, or its node not answer: then its status tells what there is to tell.
        return None
    lines = [line for line in text.splitlines() if _LOST not in line]
    return Log(pod, container, "\n".join(lines), previous)
