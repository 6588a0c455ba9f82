"""Whether this machine can run pods: by trying what a pod needs, not by guessing from its name."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded.node import cgroups


@dataclass(frozen=True)
class Verdict:
    """Yes or no, and why not in one sentence."""

    ok: bool
    why: str = ""


def can_run_pods() -> Verdict:
    """Whether pods can run here."""
    for check in (_linux, _root, _cgroups, _namespaces, _bridge):
        why = check()
        if why:
            return Verdict(ok=False, why=why)
    return Verdict(ok=True)


def _linux() -> str:
    return "" if sys.platform == "linux" else f"pods need Linux, and this is {platform.system()}"


def _root() -> str:
    return "" if os.geteuid() == 0 else "pods need root, and this is an ordinary user"


def _cgroups() -> str:
    """Whether a group can be made, by making one."""
    trees = cgroups.trees()
    if not trees:
        return "no control groups are mounted on /sys/fs/cgroup"
    cgroups.hand_down()
    for tree in trees:
        probe = tree / f"jhub-probe-{os.getpid()}"
        try:
            probe.mkdir()
            lacking = cgroups.NEEDED - cgroups.handed_down(probe) if cgroups.version() == 2 else set()
            probe.rmdir()
        except OSError as error:
            return (
                f"control groups cannot be made in {tree} ({error.strerror}), as in an unprivileged container"
            )
        if lacking:
            return f"control groups lack controllers ({', '.join(sorted(lacking))}), as inside a container"
    return ""


def _namespaces() -> str:
    """Whether a network namespace and a mount can be made, in a process that then ends."""
    with tempfile.TemporaryDirectory(prefix="jhub-probe-") as folder:
        script = f"mount -t tmpfs probe {Path(folder)} && umount {Path(folder)}"
        return _tried(
            ["unshare", "--net", "--mount", "sh", "-c", script],
            "network namespaces and mounts cannot be made",
        )


def _bridge() -> str:
    """Whether a bridge can be made, in a network namespace of its own that goes with the command."""
    # The commands may be installed only once it is clear that a node can run.
    script = """
        set -e
        if command -v ip >/dev/null; then ip link add jhub-probe type bridge; fi
        if command -v nft >/dev/null; then nft add table inet jhub-probe; fi
    """
    return _tried(
        ["unshare", "--net", "sh", "-c", script],
        "network devices and nftables tables cannot be made",
    )


def _tried(argv: list[str], sentence: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{sentence} ({error})"
    last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return "" if done.returncode == 0 else f"{sentence} ({last[0]}), as in an unprivileged container"
