"""What the cluster tells of a start, with the moment at which it was told.

Objects of Kubernetes carry whole seconds, which says nothing of a start: so pods and events are watched, as
the hub watches them, and each change gets the wall clock of its arrival. Logs carry times of their own.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from tests.measure.place import Place

Json = dict[str, Any]


@dataclass
class Witness:
    """What has been told of a namespace's pods and their events so far."""

    changes: list[tuple[float, Json]] = field(default_factory=list)

    def first(self, of_interest: Callable[[Json], bool]) -> float | None:
        """Give the moment of the first change that is of interest, if there was one."""
        return next((at for at, changed in self.changes if of_interest(changed)), None)

    def address(self, pod: str) -> str:
        """Give a pod's address, once it has one."""
        statuses = [
            changed["status"]
            for _, changed in self.changes
            if changed["kind"] == "Pod" and changed["metadata"]["name"] == pod
        ]
        return str(statuses[-1].get("podIP", "")) if statuses else ""


@contextmanager
def watching(place: Place) -> Iterator[Witness]:
    """Watch a namespace; it is watched already when this begins."""
    witness = Witness()
    programs = [_watch(place, kind, witness) for kind in ("pods", "events")]
    try:
        yield witness
    finally:
        for program in programs:
            program.terminate()
            program.wait()


def _watch(place: Place, kind: str, witness: Witness) -> subprocess.Popen[bytes]:
    # The bookmark after what is there already says that the watch stands.
    asked = "watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    program = subprocess.Popen(
        ("kubectl", "get", "--raw", f"/api/v1/namespaces/{place.namespace}/{kind}?{asked}"),
        env=dict(place.env),
        stdout=subprocess.PIPE,
    )
    stands = Event()

    def listen() -> None:
        for line in program.stdout or ():
            at, told = time.time(), json.loads(line)
            if told["type"] == "BOOKMARK":
                stands.set()
            elif stands.is_set():
                witness.changes.append((at, told["object"]))

    Thread(target=listen, daemon=True).start()
    assert stands.wait(60), f"no watch of {kind} in {place.namespace}"
    return program


def logged(place: Place, *whose: str, since: float) -> list[tuple[float, str]]:
    """Read a log from a moment on: each line with the time at which it was written."""
    moment = datetime.fromtimestamp(since, UTC).isoformat()
    return lines_of(place.kubectl("logs", *whose, "--timestamps", f"--since-time={moment}"))


def lines_of(log: str) -> list[tuple[float, str]]:
    """Take a log with times apart."""
    apart = (line.partition(" ") for line in log.splitlines())
    return [(datetime.fromisoformat(at).timestamp(), words) for at, _, words in apart]
