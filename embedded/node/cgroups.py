"""The control groups that pods run in, on version 1 (one tree per controller), hybrid, and version 2."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from embedded.node import identity
from embedded.node.identity import Identity
from embedded.node.layout import CGROUP

MOUNT = Path("/sys/fs/cgroup")
# What the kubelet asks of version 2; cpuset and io are often not handed down by default.
CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids", "hugetlb")
NEEDED = frozenset({"cpuset", "cpu", "memory", "pids"})


def version(mount: Path = MOUNT) -> int:
    """1 for separate trees (hybrid included), 2 for the unified one."""
    return 2 if (mount / "cgroup.controllers").is_file() else 1


def trees(mounts: Path = Path("/proc/mounts")) -> list[Path]:
    """The root of every tree, each once."""
    found = []
    for line in mounts.read_text().splitlines():
        _, where, kind, *_ = line.split(" ")
        if kind in {"cgroup", "cgroup2"} and where.startswith(str(MOUNT)):
            found.append(Path(where))
    return list(dict.fromkeys(found))


def hand_down() -> None:
    """Hand the controllers of version 2 down to the groups below the root; version 1 needs nothing."""
    if version() == 1:
        return
    for controller in CONTROLLERS:
        # One at a time: a machine that lacks one still gives the others.
        with contextlib.suppress(OSError):
            (MOUNT / "cgroup.subtree_control").write_text(f"+{controller}")


def handed_down(group: Path) -> set[str]:
    """The controllers that a group of version 2 has."""
    return set((group / "cgroup.controllers").read_text().split())


def make() -> None:
    """Make the group that holds all pods: kubelet wants its root to exist in every tree."""
    hand_down()
    for tree in trees():
        (tree / CGROUP).mkdir(exist_ok=True)


def _groups() -> Iterator[Path]:
    """Every group of the node, the deepest first."""
    for tree in trees():
        for folder, _, _ in os.walk(tree / CGROUP, topdown=False):
            yield Path(folder)


def processes() -> list[Identity]:
    """Every process of every pod."""
    numbers: set[int] = set()
    for group in _groups():
        with contextlib.suppress(OSError, ValueError):
            numbers.update(int(line) for line in (group / "cgroup.procs").read_text().split())
    found = (identity.identify(number) for number in numbers)
    return [who for who in found if who]


def remove() -> None:
    """Remove the groups; one that still holds a process stays."""
    for group in _groups():
        with contextlib.suppress(OSError):
            group.rmdir()


def left() -> list[Path]:
    """What could not be removed."""
    return [tree / CGROUP for tree in trees() if (tree / CGROUP).is_dir()]
