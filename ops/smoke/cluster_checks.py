"""What the cluster says: are the release's pods up, and is the release itself whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ops.helm_record import record, revisions
from ops.kubectl import Json
from ops.smoke.outcome import Failed, Seen
from ops.smoke.visit import Visit
from settings.flows import CONNECTOR

_KINDS = "deployment,daemonset,statefulset"
_NEEDED = ("hub", "proxy")
_RECENT = timedelta(hours=1)


def pods(visit: Visit) -> Seen:
    """Every workload of the release is ready, and no container goes round in a crash loop."""
    release, cluster = visit.settings.hub.release, visit.live.cluster
    workloads = [one for one in cluster.items(_KINDS) if _ours(one, release)]
    wrong = [words for one in workloads if (words := _unready(one))]
    there = {one["metadata"]["name"] for one in workloads}
    wrong += [f"there is no Deployment {name}" for name in _NEEDED if name not in there]
    all_pods = [one for one in cluster.items("pods") if _ours(one, release) and not _of_user(one)]
    wrong += [words for pod in all_pods for words in _looping(pod)]
    if wrong:
        raise Failed(
            "; ".join(wrong),
            "A part of the release does not work, or will not after the next restart.",
            f"`ops why {visit.live.stack}` tells the reasons.",
            stops=False,
        )
    return Seen(
        f"{len(workloads)} of {len(workloads)} ready: {', '.join(sorted(there))}",
        tuple(words for pod in all_pods for words in _restarted(pod, visit.live.stack)),
    )


def _ours(one: Json, release: str) -> bool:
    labels = one["metadata"].get("labels") or {}
    marks = (labels.get("release"), labels.get("app.kubernetes.io/instance"))
    return release in marks or CONNECTOR.items() <= labels.items()


def _of_user(pod: Json) -> bool:
    return bool(pod["metadata"]["labels"].get("component") == "singleuser-server")


def _unready(one: Json) -> str | None:
    status, meta = one.get("status", {}), one["metadata"]
    wanted = status.get("desiredNumberScheduled", one.get("spec", {}).get("replicas", 1))
    ready = status.get("numberReady", status.get("readyReplicas", 0))
    updated = status.get("updatedNumberScheduled", status.get("updatedReplicas", 0))
    name = f"{one['kind']} {meta['name']}"
    if not wanted and one["kind"] != "DaemonSet":
        return f"{name} is scaled to 0"
    if ready < wanted:
        return f"{name}: {ready} of {wanted} ready"
    if updated < wanted or status.get("observedGeneration", 0) < meta.get("generation", 0):
        return f"{name}: {updated} of {wanted} are of its last version"
    return None


def _containers(pod: Json) -> Iterator[Json]:
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _looping(pod: Json) -> Iterator[str]:
    for one in _containers(pod):
        reason = one.get("state", {}).get("waiting", {}).get("reason", "")
        if reason == "CrashLoopBackOff":
            yield f"pod {pod['metadata']['name']}: {one['name']} crashes again and again"


def _restarted(pod: Json, stack: str) -> Iterator[str]:
    for one in _containers(pod):
        ended = one.get("lastState", {}).get("terminated", {})
        at = ended.get("finishedAt")
        if at and datetime.now(tz=UTC) - datetime.fromisoformat(at) < _RECENT:
            yield (
                f"pod {pod['metadata']['name']}: {one['name']} restarted {one['restartCount']} times, "
                f"last at {at} ({ended.get('reason', 'no reason given')}); `ops why {stack}` tells more"
            )


def release(visit: Visit) -> Seen:
    """Helm's last revision is deployed, and of the chart version of the settings."""
    settings, stack = visit.settings, visit.live.stack
    name = settings.hub.release
    found = revisions(visit.live.cluster, name)
    if not found:
        raise _not_whole(f"there is no release {name} in {settings.namespace.name}", stack)
    # Its values may hold secrets: only single fields are ever shown.
    labels, packed = found[-1]["metadata"]["labels"], record(found[-1]["data"]["release"])
    states = {labels["status"], packed["info"]["status"]}
    if states != {"deployed"}:
        raise _not_whole(
            f"revision {labels['version']} is {' and '.join(sorted(states))}, not deployed", stack
        )
    version = str(packed["chart"]["metadata"]["version"])
    if version.partition("+")[0] != settings.chart.version.partition("+")[0]:
        raise _not_whole(f"the chart is {version}, and the settings say {settings.chart.version}", stack)
    return Seen(f"{name}: revision {labels['version']}, deployed, chart {version}")


def _not_whole(what: str, stack: str) -> Failed:
    return Failed(
        what,
        "What runs is not what the settings say, and the next deployment may refuse to begin.",
        f"`ops why {stack}`; then `pulumi up --stack {stack}`.",
        stops=False,
    )
