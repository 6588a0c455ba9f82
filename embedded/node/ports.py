"""Ports that others hold, found before anything starts: which port, by whom, and the way out."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from embedded.fault import Fault
from embedded.node import identity
from embedded.node.layout import NODE_IP, Options

LISTENING = "0A"
DYING = 5.0
"""Seconds within which a killed process lets go of its sockets."""


@dataclass(frozen=True)
class Need:
    """A port that a part will listen on, and the variable that moves it (empty: it cannot be moved)."""

    address: str
    port: int
    part: str
    variable: str = ""


@dataclass(frozen=True)
class Listener:
    """Somebody who listens already."""

    address: str
    port: int
    inode: int


def needs(options: Options) -> list[Need]:
    """Everything the node listens on; all of it on loopback or on the node's own address."""
    api = Need("127.0.0.1", options.api_port, "the API server", "API_PORT")
    if not options.pods:
        return [api]
    return [
        api,
        Need(NODE_IP, options.api_port, "the API server", "API_PORT"),
        Need("127.0.0.1", options.https_port, "the ingress controller", "HTTPS_PORT"),
        Need(NODE_IP, 53, "the cluster's DNS"),
        Need(NODE_IP, 10250, "the kubelet"),
        Need("127.0.0.1", 10248, "the kubelet's health"),
        Need("127.0.0.1", 10249, "kube-proxy's metrics"),
        Need("127.0.0.1", 10256, "kube-proxy's health"),
    ]


def _address(text: str) -> str:
    """An address as /proc writes it: 32-bit words in the machine's own byte order."""
    raw = bytes.fromhex(text)
    words = [raw[at : at + 4][::-1] for at in range(0, len(raw), 4)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def listeners(proc: Path = Path("/proc/net")) -> Iterator[Listener]:
    """Every TCP port somebody listens on."""
    for table in ("tcp", "tcp6"):
        path = proc / table
        lines = path.read_text().splitlines()[1:] if path.is_file() else []
        for line in lines:
            fields = line.split()
            if fields[3] == LISTENING:
                address, _, port = fields[1].rpartition(":")
                yield Listener(_address(address), int(port, 16), int(fields[9]))


def clashes(need: Need, listener: Listener) -> bool:
    """Whether both cannot be: the same port, and the same address or all of them."""
    return need.port == listener.port and listener.address in {need.address, "0.0.0.0", "::"}  # noqa: S104


def sockets(pid: int) -> set[int]:
    """The sockets that a process holds; none when it is gone or not ours to see."""
    found: set[int] = set()
    try:
        handles = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return found
    for handle in handles:
        with contextlib.suppress(OSError):
            target = handle.readlink().name
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    return found


def holder(inode: int) -> int | None:
    """The process that holds a socket; None when it is not ours to see."""
    return next((pid for pid in identity.pids() if inode in sockets(pid)), None)


def free_near(port: int, taken: Collection[int]) -> int:
    """The next port that nobody holds."""
    return next(number for number in range(port + 1, 65536) if number not in taken and bindable(number))


def bindable(port: int) -> bool:
    """Whether nobody holds a port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check(wanted: list[Need], ours: Callable[[], Iterable[int]]) -> None:
    """Refuse when somebody else holds a port; `ours` tells the node's own processes."""
    deadline = time.monotonic() + DYING
    while clash := _clash(wanted, ours()):
        need, listener = clash
        pid = holder(listener.inode)
        # A killed process of many threads lets go of its sockets only after the last thread has ended;
        # until then the socket has no holder to see, or one without a command line.
        if (pid is None or not identity.command(pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
            continue
        raise _taken(need, pid, {entry.port for entry in listeners()})


def _clash(wanted: list[Need], ours: Iterable[int]) -> tuple[Need, Listener] | None:
    """The first port that a process which is not ours holds."""
    own = set[int]().union(*(sockets(pid) for pid in ours))
    foreign = [listener for listener in listeners() if listener.inode not in own]
    return next(((need, other) for need in wanted for other in foreign if clashes(need, other)), None)


def check_redirected(port: int) -> None:
    """Refuse a loopback port that answers although nobody listens: root's node sends its own API port on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Fault(
                f"Port {port}, which the API server needs, answers already: root's node has it.",
                "Nothing was started or changed.",
                f"Choose another port: API_PORT={free_near(port, ())} make up",
            )


def _taken(need: Need, pid: int | None, taken: Collection[int]) -> Fault:
    if pid is None:
        who = "a process of another user"
        stop = "stop that process (as root: ss -ltnp shows it)"
    else:
        who = f"process {pid} ({' '.join(identity.command(pid))[:120]})"
        stop = f"stop that process (kill {pid})"
    another = ""
    if need.variable:
        another = f", or choose another port: {need.variable}={free_near(need.port, taken)} make up"
    return Fault(
        f"Port {need.port}, which {need.part} needs, is taken by {who}.",
        "Nothing was started or changed.",
        f"{stop[0].upper()}{stop[1:]}{another}",
    )
