"""Take the node down so that nothing of it is left but its data; whatever half of it is gone already."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from embedded import netpol
from embedded.fault import Fault
from embedded.node import cgroups, identity, network, outside, ownership
from embedded.node.identity import Identity
from embedded.node.layout import BRIDGE, Layout, layout
from embedded.node.parallel import together
from embedded.node.processes import Processes
from embedded.node.shell import attempt
from embedded.paths import Paths

FIRST = ("kubelet", "local-path-provisioner", "traefik", "coredns", "kube-proxy")
THEN = ("containerd", "kube-controller-manager", "kube-scheduler", "netpol")
CNI_RESULTS = Path("/var/lib/cni/results")
CONTAINER_LINKS = Path("/var/log/containers")
DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")
SHIM_SOCKETS = Path("/run/containerd/s")
UNMOUNTS = 5


def stop(paths: Paths, *, purge: bool = False) -> None:
    """Stop everything; volumes and the API's data stay unless they are to be purged."""
    place = layout(paths)
    if not place.run.is_dir() and not paths.state.is_dir():
        return
    with ownership.alone(place):
        processes = Processes(place.records, paths.logs, str(place.state))
        ownership.refuse_other(place, processes)
        _processes(place, processes)
        _machine(place)
        left = leftovers(place)
        if left:
            raise Fault(
                f"Not everything of the node could be removed: {'; '.join(left[:6])}.",
                "A later start may stumble over it.",
                "Run `make down` again; what stays after that needs a restart of the machine.",
            )
        place.record.unlink(missing_ok=True)
        if purge:
            _purge(place)


def _processes(place: Layout, processes: Processes) -> None:
    """End processes in the order in which nobody waits for, or restarts, another.

    The kubelet before the pods, the policies after them; all that watches before the API server, which
    otherwise waits a minute for its watchers; etcd last.
    """
    together(*(lambda name=name: processes.stop(name, 3.0) for name in FIRST))
    identity.end(_pods(), grace=3.0)
    together(*(lambda name=name: processes.stop(name, 3.0) for name in THEN))
    processes.stop("kube-apiserver", 4.0)
    processes.stop("etcd", 5.0)
    for name in processes.names():
        processes.stop(name, 2.0)
    identity.end(processes.strays(), grace=1.0)
    identity.end(_pods(), grace=0.5)


def _pods() -> list[Identity]:
    """The pods' processes; an ordinary user has none, and root's node on the same machine is not theirs."""
    return cgroups.processes() if os.geteuid() == 0 else []


def mounts(place: Layout, table: Path = Path("/proc/mounts")) -> list[str]:
    """Everything mounted below the node's folders, the last first."""
    roots = tuple(f"{folder}/" for folder in (place.state, place.run))
    found = []
    for line in table.read_text().splitlines():
        # Blanks in a path are written as octal escapes.
        where = line.split(" ")[1].encode().decode("unicode_escape")
        if where.startswith(roots):
            found.append(where)
    return found[::-1]


def _unmount(place: Layout) -> None:
    for _ in range(UNMOUNTS):
        found = mounts(place)
        if not found:
            return
        for where in found:
            # Lazily only where it is still in use: a process that holds it is being ended just now.
            if not attempt("umount", where)[0]:
                attempt("umount", "--lazy", where)


def _machine(place: Layout) -> None:
    """What is left beside processes; an ordinary user's control plane has only its own run folder."""
    if os.geteuid() == 0:
        sockets = _shim_sockets(place)
        _unmount(place)
        _forget_links(place)
        outside.down()
        network.down()
        netpol.remove()
        network.restore(place.sysctls)
        _groups()
        _forget_attachments(place)
        for socket in sockets:
            socket.unlink(missing_ok=True)
        _empty_folders()
    for folder in (place.containerd_state, place.run / "runc", place.leases, place.records):
        shutil.rmtree(folder, ignore_errors=True)
    for socket in place.run.glob("*.sock*"):
        socket.unlink(missing_ok=True)
    # A file that is a mount still is one of the leftovers, and cannot be removed.
    with contextlib.suppress(OSError):
        outside.namespace(place).unlink()


def _forget_links(place: Layout) -> None:
    """The kubelet links every container's log in a fixed place."""
    for link in CONTAINER_LINKS.glob("*") if CONTAINER_LINKS.is_dir() else ():
        if link.is_symlink() and str(link.readlink()).startswith(f"{place.pod_logs}/"):
            link.unlink()


def _forget_attachments(place: Layout) -> None:
    """The CNI library's notes lie in one place for all runtimes: ours name a namespace below our folder."""
    ours = f'"sandbox":"{place.run}/'.encode()
    for note in CNI_RESULTS.glob("*"):
        with contextlib.suppress(OSError):
            if ours in note.read_bytes():
                note.unlink()


def _groups() -> None:
    """A group can be removed a moment after its last process ended."""
    deadline = time.monotonic() + 3.0
    cgroups.remove()
    while cgroups.left() and time.monotonic() < deadline:
        time.sleep(0.1)
        cgroups.remove()


def _shim_sockets(place: Layout) -> list[Path]:
    """The sockets of containers' shims lie in a place that all containerds of a machine share."""
    found = []
    for note in place.containerd_state.glob("io.containerd.runtime.v2.task/*/*/address"):
        with contextlib.suppress(OSError):
            socket = Path(note.read_text().removeprefix("unix://"))
            if socket.parent == SHIM_SOCKETS:
                found.append(socket)
    return found


def _empty_folders() -> None:
    """Folders that kubelet and containerd make in fixed places, where nobody else uses them."""
    for name in ("kubelet.sock", "DEPRECATION", "kubelet_internal_checkpoint"):
        (DEVICE_PLUGINS / name).unlink(missing_ok=True)
    folders = (DEVICE_PLUGINS, DEVICE_PLUGINS.parent, CONTAINER_LINKS, CNI_RESULTS, CNI_RESULTS.parent)
    for folder in (*folders, SHIM_SOCKETS, SHIM_SOCKETS.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()


def leftovers(place: Layout) -> list[str]:
    """What of the node is still on the machine, beside its data."""
    processes = Processes(place.records, place.paths.logs, str(place.state))
    found = [f"process {who.pid}" for who in processes.strays() + _pods()]
    found += [f"mount {where}" for where in mounts(place)]
    return found + (_machine_leftovers() if os.geteuid() == 0 else [])


def _machine_leftovers() -> list[str]:
    found = [f"control group {group}" for group in cgroups.left()]
    found += [f"interface {link}" for link in network.pod_links()]
    if Path(f"/sys/class/net/{BRIDGE}").exists():
        found.append(f"interface {BRIDGE}")
    found += outside.leftovers()
    _, tables = attempt("nft", "list", "tables")
    ours = {*network.tables(), netpol.TABLE}
    found += [line for line in tables.splitlines() if line.removeprefix("table ") in ours]
    return found


def _purge(place: Layout) -> None:
    # Never through a mount: what is mounted there may be somebody's.
    if not mounts(place):
        shutil.rmtree(place.state, ignore_errors=True)
