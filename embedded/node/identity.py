"""Who a process is: a number alone is not enough, since the kernel gives it to another one later."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Identity:
    """A process number with the moment it started, in this boot of the machine."""

    pid: int
    ticks: int
    boot: str

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return identify(self.pid) == self

    def send(self, signum: int) -> None:
        """Signal this very process, never one that took over its number."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return
        try:
            # The handle holds the process; what is compared now cannot become another one in between.
            if self.alive():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    signal.pidfd_send_signal(handle, signum)
        finally:
            os.close(handle)


def boot_id() -> str:
    """Which boot of the machine this is."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def identify(pid: int) -> Identity | None:
    """Who has this number now; None when nobody has or only a zombie."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name in parentheses may itself hold spaces and parentheses: fields count from the last one.
    fields = text.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        return None
    return Identity(pid=pid, ticks=int(fields[19]), boot=boot_id())


def since(identity: Identity) -> float:
    """How many seconds ago it started."""
    uptime = float((PROC / "uptime").read_text().split()[0])
    return max(0.0, uptime - identity.ticks / os.sysconf("SC_CLK_TCK"))


def pids() -> Iterator[int]:
    """Every process number of the machine."""
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            yield int(entry.name)


def command(pid: int) -> list[str]:
    """The command line of a process; empty when it is gone or not ours to see."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode(errors="replace") for part in raw.split(b"\0") if part]


def marked(mark: str) -> list[Identity]:
    """Every process whose environment carries a mark: children inherit it, records may be lost."""
    wanted = mark.encode()
    found = []
    for pid in pids():
        try:
            environment = (PROC / str(pid) / "environ").read_bytes()
        except OSError:
            continue
        if wanted in environment.split(b"\0"):
            identity = identify(pid)
            if identity and pid != os.getpid():
                found.append(identity)
    return found


def end(processes: Iterable[Identity], grace: float) -> None:
    """End processes: ask, wait, insist."""
    left = [process for process in processes if process.alive()]
    for signum, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        for process in left:
            process.send(signum)
        deadline = time.monotonic() + patience
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = [process for process in left if process.alive()]
        if not left:
            return
