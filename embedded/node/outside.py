"""A place beside the node for addresses of the world outside: a network namespace that only pods are led to.

The addresses may be anybody's, so the machine itself must not send there: they live inside the namespace, and
a rule for packets that come from pods is all that leads to it. Such packets cross the forward hook, where the
node's network policies are enforced.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.fault import Fault
from embedded.node.layout import POD_CIDR, Layout
from embedded.node.shell import attempt, must

LINK = "jhub-outside"
INSIDE = "jhub-inside"
GATEWAY = "10.202.0.1"
WITHIN = "10.202.0.2"
PREFIX = 30
# The number of the routing table and of the rule that leads to it: before the main table's 32766.
TABLE = "10202"
_NEW_NETWORK = 0x40000000
_entering = threading.Lock()


def namespace(place: Layout) -> Path:
    """The namespace as a file: mounted below `run`, so that it goes with the node's other mounts."""
    return place.run / "outside.netns"


def up(place: Layout, addresses: Collection[str]) -> None:
    """Make what is missing, take away what is too much; needs the node's network."""
    inside = _inside(place)
    _link(inside)
    _addresses(inside, set(addresses))
    _routes(set(addresses))


def down() -> None:
    """Remove link, routes and rule; the namespace itself ends with its mount and its last process."""
    while attempt("ip", "rule", "delete", "from", POD_CIDR, "lookup", TABLE)[0]:
        pass
    attempt("ip", "route", "flush", "table", TABLE)
    attempt("ip", "link", "delete", LINK)


def remove(place: Layout) -> None:
    """Remove all of it while the node goes on."""
    down()
    if _is_namespace(namespace(place)):
        must("umount", str(namespace(place)))
    namespace(place).unlink(missing_ok=True)


def leftovers() -> list[str]:
    """What of it is still on the machine."""
    found = [f"interface {LINK}"] if Path(f"/sys/class/net/{LINK}").exists() else []
    _, rules = attempt("ip", "rule", "show")
    return found + [f"rule {line.strip()}" for line in rules.splitlines() if f"lookup {TABLE}" in line]


@contextmanager
def entered(file: Path | None) -> Iterator[None]:
    """Make sockets inside the namespace: they stay there, the process does not.

    A namespace is a thread's, so nothing else may run in this thread meanwhile.
    """
    if file is None:
        yield
        return
    with _entering, Path("/proc/thread-self/ns/net").open("rb") as home, file.open("rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(handle: int) -> None:
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.setns(handle, _NEW_NETWORK):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _inside(place: Layout) -> str:
    """Make the namespace, if there is none; its file is a mount, and an empty one left by a reboot is not."""
    file = namespace(place)
    if not _is_namespace(file):
        file.touch(mode=0o600)
        must("unshare", f"--net={file}", "true")
    return str(file)


def _is_namespace(file: Path) -> bool:
    mounted = f" {file} nsfs "
    return any(mounted in line for line in Path("/proc/mounts").read_text().splitlines())


def _ip_inside(inside: str, *argv: str) -> str:
    return must("nsenter", f"--net={inside}", "ip", *argv)


def _link(inside: str) -> None:
    """A cable between the machine and the namespace; one that a killed start left half is made again."""
    both = Path(f"/sys/class/net/{LINK}").exists() and INSIDE in _ip_inside(inside, "-o", "link", "show")
    if not both:
        attempt("ip", "link", "delete", LINK)
        must("ip", "link", "add", LINK, "type", "veth", "peer", "name", INSIDE, "netns", inside)
    must("ip", "addr", "replace", f"{GATEWAY}/{PREFIX}", "dev", LINK)
    must("ip", "link", "set", LINK, "up")
    _ip_inside(inside, "addr", "replace", f"{WITHIN}/{PREFIX}", "dev", INSIDE)
    for device in ("lo", INSIDE):
        _ip_inside(inside, "link", "set", device, "up")


def _addresses(inside: str, wanted: set[str]) -> None:
    lines = _ip_inside(inside, "-o", "-4", "addr", "show", "dev", "lo").splitlines()
    there = {line.split()[3].partition("/")[0] for line in lines} - {"127.0.0.1"}
    for address in sorted(wanted - there):
        _ip_inside(inside, "addr", "add", f"{address}/32", "dev", "lo")
    for address in sorted(there - wanted):
        _ip_inside(inside, "addr", "delete", f"{address}/32", "dev", "lo")


def _routes(wanted: set[str]) -> None:
    _, shown = attempt("ip", "route", "show", "table", TABLE)
    there = {line.split()[0] for line in shown.splitlines() if line}
    for address in sorted(wanted):
        must("ip", "route", "replace", f"{address}/32", "via", WITHIN, "dev", LINK, "table", TABLE)
    for address in sorted(there - wanted):
        attempt("ip", "route", "delete", f"{address}/32", "table", TABLE)
    _, rules = attempt("ip", "rule", "show")
    if f"from {POD_CIDR} lookup {TABLE}" not in rules:
        must("ip", "rule", "add", "from", POD_CIDR, "lookup", TABLE, "priority", TABLE)


def check_free(addresses: Collection[str]) -> None:
    """Refuse addresses that are this machine's own: the machine would answer there itself."""
    _, shown = attempt("ip", "-o", "-4", "addr", "show")
    own = {line.split()[3].partition("/")[0] for line in shown.splitlines()}
    clash = sorted(own & set(addresses))
    if clash:
        raise Fault(
            f"{clash[0]} is an address of this machine, and of the world around the stack.",
            "Pods would reach this machine instead of what the stack means; nothing was started.",
            "Try this stack on another machine, or name another range in its settings.",
        )
