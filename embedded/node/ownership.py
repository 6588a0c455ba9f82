"""One node per machine: who started it, from which checkout, with its state where; one command at a time."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded import paths
from embedded.console import say
from embedded.fault import Fault
from embedded.node import files
from embedded.node.layout import Layout, Options
from embedded.node.processes import Processes

PATIENCE = 180.0


@dataclass(frozen=True)
class Owner:
    """Who started the node."""

    checkout: Path
    state: Path
    kubeconfig: Path
    pid: int
    since: float
    options: Options


def read(place: Layout) -> Owner | None:
    """The recorded owner, whether its node lives or not."""
    found = files.read_json(place.record)
    try:
        return Owner(
            checkout=Path(found["checkout"]),
            state=Path(found["state"]),
            kubeconfig=Path(found["kubeconfig"]),
            pid=int(found["pid"]),
            since=float(found["since"]),
            options=Options(**found["options"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def claim(place: Layout, options: Options, checkout: Path = paths.CHECKOUT) -> None:
    """Record this checkout as the owner."""
    before = read(place)
    same = before is not None and (before.checkout, before.state) == (checkout, place.state)
    entry = {
        "checkout": str(checkout),
        "state": str(place.state),
        "kubeconfig": str(place.paths.kubeconfig),
        "pid": os.getpid(),
        "since": before.since if same and before else time.time(),
        "options": dataclasses.asdict(options),
    }
    if same and before and before.options == options:
        return
    files.write(place.record, json.dumps(entry, indent=1))


def refuse_other(place: Layout, processes: Processes, checkout: Path = paths.CHECKOUT) -> None:
    """Refuse when a living node belongs to another checkout, or lies in another state.

    A checkout that is gone cannot stop its node: then this one takes it over.
    """
    owner = read(place)
    if owner is None or not processes.alive():
        return
    if owner.state != place.state:
        raise _elsewhere(owner, f"with its state in {owner.state}", f"EMBEDDED_STATE={owner.state} ")
    if owner.checkout != checkout and owner.checkout.is_dir():
        raise _elsewhere(owner, f"started from {owner.checkout}", "")


def _elsewhere(owner: Owner, where: str, environment: str) -> Fault:
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(owner.since))
    return Fault(
        f"This machine's node runs already, {where} (since {started}, by process {owner.pid}).",
        "Two nodes would fight for the same addresses and ports; nothing was changed.",
        f"Use that one: export KUBECONFIG={owner.kubeconfig}\n"
        f"                or stop it there: {environment}make -C {owner.checkout} down",
    )


@contextmanager
def alone(place: Layout, patience: float = PATIENCE) -> Iterator[None]:
    """Let one command at a time start or stop things.

    The kernel holds the lock, not the file: it ends with the process that took it, however that ends.
    """
    place.run.mkdir(parents=True, exist_ok=True)
    place.run.chmod(0o700)
    with place.lock.open("a+") as lock:
        _take(lock.fileno(), place, patience)
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _take(handle: int, place: Layout, patience: float) -> None:
    deadline = time.monotonic() + patience
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not told:
                say(f"Waiting for another command (process {_holder(place)}) that starts or stops it ...")
                told = True
        if time.monotonic() > deadline:
            raise Fault(
                f"Process {_holder(place)} has been starting or stopping the node for over {patience:.0f} s.",
                "Nothing was changed.",
                f"Look at it: ps -fp {_holder(place)}; end it if it hangs, then try again.",
            )
        time.sleep(0.2)


def _holder(place: Layout) -> str:
    return place.lock.read_text().strip() or "unknown"
