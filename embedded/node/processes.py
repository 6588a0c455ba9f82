"""The node's processes: started detached, recorded, watched until they answer, restarted only when needed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from embedded.fault import Fault
from embedded.node import files, identity
from embedded.node.identity import Identity

LOG_LIMIT = 20 * 1024 * 1024
# Children of this very process: kept so that they are reaped and never seen as zombies.
_children: list[subprocess.Popen[bytes]] = []


def always() -> bool:
    """The probe of a part that answers nowhere: being alive is all there is to see."""
    return True


@dataclass(frozen=True)
class Spec:
    """One process as it should run."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool] = always
    inputs: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    patience: float = 60.0
    grace: float = 5.0

    def digest(self) -> str:
        """What it is made of: another value means that a running one is out of date."""
        parts = [*self.argv, *sorted(f"{key}={value}" for key, value in self.env.items())]
        whole = hashlib.sha256("\0".join(parts).encode())
        for path in self.inputs:
            whole.update(path.read_bytes() if path.is_file() else b"missing")
        return whole.hexdigest()[:16]


@dataclass(frozen=True)
class Record:
    """A process as it was started."""

    identity: Identity
    digest: str


class Processes:
    """All processes of one node, by name."""

    def __init__(self, records: Path, logs: Path, mark: str) -> None:
        self._records = records
        self._logs = logs
        self.mark = f"EMBEDDED_NODE={mark}"

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self._logs / f"{name}.log"

    def recorded(self, name: str) -> Record | None:
        """What was started under this name, dead or alive."""
        found = files.read_json(self._records / f"{name}.json")
        try:
            who = Identity(pid=int(found["pid"]), ticks=int(found["ticks"]), boot=str(found["boot"]))
            return Record(identity=who, digest=str(found["digest"]))
        except (KeyError, TypeError, ValueError):
            return None

    def running(self, name: str) -> Record | None:
        """The process of this name, if it lives."""
        reap()
        record = self.recorded(name)
        return record if record and record.identity.alive() else None

    def names(self) -> list[str]:
        """Every process that was started and not stopped."""
        if not self._records.is_dir():
            return []
        return sorted(path.stem for path in self._records.glob("*.json"))

    def alive(self) -> list[str]:
        """The names of those that live."""
        return [name for name in self.names() if self.running(name)]

    def current(self, spec: Spec) -> bool:
        """Whether it runs just as it should."""
        record = self.running(spec.name)
        return record is not None and record.digest == spec.digest()

    def ensure(self, spec: Spec) -> bool:
        """Make it run and answer; says whether it had to be started."""
        fresh = not self.current(spec)
        if fresh:
            self.stop(spec.name, spec.grace)
            self._end_strays(spec)
            self._spawn(spec)
        self._await(spec)
        return fresh

    def expect(self, spec: Spec) -> None:
        """Complain when it does not live (any more)."""
        if not self.running(spec.name):
            raise self._ended(spec)

    def stop(self, name: str, grace: float = 5.0) -> None:
        """End it, if it lives, and forget it."""
        record = self.running(name)
        if record:
            identity.end([record.identity], grace)
            reap()
        with contextlib.suppress(FileNotFoundError):
            (self._records / f"{name}.json").unlink()

    def strays(self) -> list[Identity]:
        """Every process that carries this node's mark, recorded or not."""
        return identity.marked(self.mark)

    def _end_strays(self, spec: Spec) -> None:
        """End what a start that was killed between spawning and recording left behind.

        Only the program itself: containerd's shims carry the same mark and hold running pods.
        """
        program = Path(spec.argv[0]).resolve()
        marked = identity.marked(f"EMBEDDED_PART={spec.name}")
        same_node = set(self.strays()) if marked else set()
        identity.end(
            [who for who in marked if who in same_node and _program(who.pid) == program],
            spec.grace,
        )

    def _spawn(self, spec: Spec) -> None:
        log = self.log(spec.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.old"))
        digest = spec.digest()
        with log.open("ab") as out:
            out.write(f"{files.STARTED}{time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n".encode())
            out.flush()
            try:
                # A session of its own: Ctrl-C ends the command that is watched, not the node.
                child = subprocess.Popen(
                    spec.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    cwd=spec.cwd,
                    env=self._environment(spec),
                    start_new_session=True,
                )
            except OSError as error:
                raise Fault(
                    f"{spec.name} cannot be started: {error.strerror or error} ({spec.argv[0]}).",
                    "The node is not complete.",
                    "Start again; if the program is missing, remove its folder in the cache first.",
                ) from error
        _children.append(child)
        who = identity.identify(child.pid)
        if who:
            entry = {"pid": who.pid, "ticks": who.ticks, "boot": who.boot, "digest": digest}
            files.write(self._records / f"{spec.name}.json", json.dumps(entry))

    def _environment(self, spec: Spec) -> dict[str, str]:
        # Nothing else is inherited: a proxy set in somebody's shell must not come between the parts.
        base = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "EMBEDDED_PART": spec.name,
        }
        key, _, value = self.mark.partition("=")
        return {**base, **spec.env, key: value}

    def _await(self, spec: Spec) -> None:
        deadline = time.monotonic() + spec.patience
        while True:
            self.expect(spec)
            if spec.ready():
                return
            if time.monotonic() > deadline:
                raise self._silent(spec)
            time.sleep(0.1)

    def _ended(self, spec: Spec) -> Fault:
        return Fault(
            f"{spec.name} ended as soon as it was started. Its last lines:\n{self._tail(spec.name)}",
            "The node is not complete.",
            f"Read {self.log(spec.name)}, then start again; what runs already is kept.",
        )

    def _silent(self, spec: Spec) -> Fault:
        return Fault(
            f"{spec.name} runs, but did not answer within {spec.patience:.0f} s. "
            f"Its last lines:\n{self._tail(spec.name)}",
            "The node is not complete.",
            f"Read {self.log(spec.name)}; stop and start the node if it stays like this.",
        )

    def _tail(self, name: str) -> str:
        return "\n".join(f"    {line}" for line in files.last_lines(self.log(name)))


def reap() -> None:
    """Collect children that ended, so that their numbers are free and they are seen as gone."""
    with _reaping:
        _children[:] = [child for child in _children if child.poll() is None]


_reaping = threading.Lock()


def _program(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/exe").readlink()
    except OSError:
        return None
