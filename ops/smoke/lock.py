"""One run at a time for each hub: a ConfigMap in its namespace, with a beat while somebody works."""

from __future__ import annotations

import getpass
import json
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from ops.ending import Cannot
from ops.kubectl import Json, Kubectl, NoAnswer

NAME = "ops-smoke"
BEAT = 5.0
"""Seconds between two beats."""
DEAD = 20.0
"""Seconds without a beat after which its owner is taken for dead. Seconds are counted, no clocks compared."""


@contextmanager
def held(cluster: Kubectl, tell: Callable[[str], None], stack: str) -> Iterator[None]:
    """Hold the lock; refuse where another run holds it."""
    own = f"{getpass.getuser()}@{platform.node()}, since {datetime.now(tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        _take(cluster, own, tell)
    except NoAnswer as refused:
        raise Cannot(
            f"The cluster does not let this run say that it is there: {refused}\n"
            "    What follows: two runs at once would use one account, so no server is tried.\n"
            f"    What to do:   `ops env {stack}` tells which cluster it is; `kubectl auth can-i create "
            "configmaps` there must say yes. --only certificate,sign-in needs no cluster."
        ) from refused
    over = threading.Event()
    beating = threading.Thread(target=_beat, args=(cluster, own, over), daemon=True)
    beating.start()
    try:
        yield
    finally:
        over.set()
        beating.join()
        _leave(cluster, own)


def _take(cluster: Kubectl, own: str, tell: Callable[[str], None]) -> None:
    there = cluster.find("configmap", NAME)
    if there is None:
        _written_or_taken(cluster, "create", _written(own))
    elif _dead(cluster, there, tell):
        # With its version: of two that find it dead, one gets it.
        _written_or_taken(cluster, "replace", _written(own, there["metadata"]["resourceVersion"]))
    else:
        raise _taken(cluster.find("configmap", NAME) or there)


def _dead(cluster: Kubectl, there: Json, tell: Callable[[str], None]) -> bool:
    """Wait for a beat of another run."""
    tell(f"is the run of {there['data'].get('by')} alive?")
    end = time.monotonic() + DEAD
    while time.monotonic() < end:
        time.sleep(1)
        now = cluster.find("configmap", NAME)
        if now is None or now["metadata"]["resourceVersion"] != there["metadata"]["resourceVersion"]:
            return False
    return True


def _written_or_taken(cluster: Kubectl, how: str, lock: Json) -> None:
    try:
        cluster.run(how, "--filename", "-", given=json.dumps(lock))
    except NoAnswer as refused:
        if any(word in str(refused) for word in ("AlreadyExists", "Conflict", "NotFound")):
            raise _taken(cluster.find("configmap", NAME) or lock) from refused
        raise


def _written(own: str, version: str | None = None, beat: int = 0) -> Json:
    marked = {"resourceVersion": version} if version else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/managed-by": "ops"}, **marked},
        "data": {"by": own, "beat": str(beat)},
    }


def _beat(cluster: Kubectl, own: str, over: threading.Event) -> None:
    count = 0
    while not over.wait(BEAT):
        count += 1
        patch = json.dumps({"data": {"by": own, "beat": str(count)}})
        try:
            cluster.run("patch", "configmap", NAME, "--type", "merge", "--patch", patch)
        except (NoAnswer, Cannot):
            # One beat less. Who waits gives us several.
            continue


def _leave(cluster: Kubectl, own: str) -> None:
    try:
        there = cluster.find("configmap", NAME)
        if there and there["data"].get("by") == own:
            cluster.delete("configmap", NAME)
    except NoAnswer:
        # The next run finds it without a beat.
        return


def _taken(there: Json) -> Cannot:
    return Cannot(
        f"Another run is at work on this hub: {there['data'].get('by')}.\n"
        "    What follows: both would use one account, so this one does nothing.\n"
        "    What to do:   wait for it; one that was killed is taken for dead after some seconds."
    )
