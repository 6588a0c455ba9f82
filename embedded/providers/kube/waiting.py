"""Waits for an object to be ready or gone: looks again and again, says what it sees, and can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from embedded.providers.errors import NotReady
from embedded.providers.kube.client import Client, Object, Unreachable
from embedded.providers.kube.discovery import Discovery
from embedded.providers.kube.names import annotation
from embedded.providers.kube.waits import custom, network, pods, storage, workloads
from embedded.providers.kube.waits.readiness import Check, Look

DEFAULT_SECONDS = 600.0
VOLUME_SECONDS = 300.0
SERVED_SECONDS = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
SKIP = "pulumi.com/skipAwait"
TIMEOUT = "pulumi.com/timeoutSeconds"

CHECKS: dict[tuple[str, str], Check] = {
    ("apps/v1", "DaemonSet"): workloads.check_daemon_set,
    ("apps/v1", "Deployment"): workloads.check_deployment,
    ("apps/v1", "StatefulSet"): workloads.check_stateful_set,
    ("batch/v1", "Job"): workloads.check_job,
    ("networking.k8s.io/v1", "Ingress"): network.check_ingress,
    ("v1", "PersistentVolume"): storage.check_volume,
    ("v1", "PersistentVolumeClaim"): storage.check_claim,
    ("v1", "Pod"): pods.check_pod,
    ("v1", "ReplicationController"): workloads.check_replicas,
    ("v1", "ResourceQuota"): storage.check_quota,
    ("v1", "Service"): network.check_service,
}
# Kinds that the official provider looks at again on a refresh; the others are only waited for once.
_READ_AGAIN = frozenset({"DaemonSet", "Deployment", "StatefulSet", "Job", "Ingress", "Pod", "Service"})


def seconds_for(asked: Object, timeout: float) -> float:
    """Choose how long to wait: customTimeouts, the annotation, or ten minutes."""
    if timeout:
        return timeout
    noted = annotation(asked, TIMEOUT)
    if noted.isdigit():
        return float(noted)
    return (
        VOLUME_SECONDS
        if asked.get("kind") in {"PersistentVolume", "PersistentVolumeClaim"}
        else DEFAULT_SECONDS
    )


def check_of(asked: Object) -> Check | None:
    """Choose what makes this object ready; None when existing is enough."""
    if annotation(asked, SKIP) == "true":
        return None
    noted = annotation(asked, custom.ANNOTATION)
    if noted:
        return custom.check_for(noted)
    return CHECKS.get((str(asked.get("apiVersion")), str(asked.get("kind"))))


@dataclass(frozen=True)
class Waiter:
    """Waits on one cluster."""

    client: Client
    discovery: Discovery
    cancelled: threading.Event

    def until_ready(
        self, asked: Object, live: Object, timeout: float, say: Callable[[str], None], *, created: bool = True
    ) -> Object:
        """Return the live object once it is ready; NotReady tells why it is not."""
        check = check_of(asked)
        if check is None:
            return live
        started, pause = time.monotonic(), FIRST_PAUSE
        limit = seconds_for(asked, timeout)
        name = live["metadata"]["name"]
        while True:
            live = self._again(live)
            passed = time.monotonic() - started
            seen = check(Look(self.client, self.discovery, passed, created), live)
            if seen.ready:
                say("")
                return live
            problems = list(seen.problems) or [seen.status]
            say(seen.status if passed < 1 or not seen.problems else f"{seen.status}: {problems[0]}")
            if seen.failed:
                raise NotReady(f"{live['kind']} '{name}' failed", problems, live)
            if passed >= limit:
                raise NotReady(f"'{name}' timed out waiting to be Ready after {limit:.0f} s", problems, live)
            if self.cancelled.wait(pause):
                raise NotReady(f"Resource operation was cancelled for {name!r}", problems, live)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def until_served(self, definition: Object, say: Callable[[str], None]) -> None:
        """Return once the kind that a CustomResourceDefinition makes is served: objects of it can follow."""
        spec = definition["spec"]
        wanted = {"kind": spec["names"]["kind"]}
        versions = [f"{spec['group']}/{one['name']}" for one in spec["versions"] if one.get("served")]
        deadline = time.monotonic() + SERVED_SECONDS
        while time.monotonic() < deadline:
            if all(self.discovery.knows({**wanted, "apiVersion": version}) for version in versions):
                return
            say("Waiting for the kind to be served")
            if self.cancelled.wait(0.2):
                return

    def _again(self, live: Object) -> Object:
        """Look again; while the API server restarts, what was seen last counts."""
        try:
            return self.client.get(self._path(live))
        except Unreachable:
            return live

    def _path(self, live: Object) -> str:
        place = live["metadata"]
        return self.discovery.of(live).path(place.get("namespace") or "", place["name"])

    def look_once(self, asked: Object, live: Object) -> None:
        """Raise NotReady when the object of a refresh is not ready."""
        check = check_of(asked)
        if check is None or live.get("kind") not in _READ_AGAIN or annotation(asked, custom.ANNOTATION):
            return
        seen = check(Look(self.client, self.discovery, DEFAULT_SECONDS, created=False), live)
        if not seen.ready:
            name = live["metadata"]["name"]
            raise NotReady(
                f"Resource '{name}' was created but failed to initialize", list(seen.problems), live
            )

    def until_gone(self, live: Object, timeout: float, say: Callable[[str], None]) -> None:
        """Return once the object is gone, or another one stands in its place."""
        started, pause = time.monotonic(), FIRST_PAUSE
        uid, path = live["metadata"].get("uid"), self._path(live)
        while True:
            found = self._still_there(path)
            if found is None or (found and uid and found["metadata"].get("uid") != uid):
                say("")
                return
            live = found or live
            held = ", ".join(live["metadata"].get("finalizers") or [])
            text = "Waiting for the object to be deleted" + (f" (held by finalizers: {held})" if held else "")
            say(text)
            if time.monotonic() - started >= timeout:
                raise NotReady(f"{live['metadata']['name']!r} timed out waiting to be deleted", [text], live)
            if self.cancelled.wait(pause):
                raise NotReady("Resource operation was cancelled", [text], live)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _still_there(self, path: str) -> Object | None:
        try:
            return self.client.find(path)
        except Unreachable:
            return {}
