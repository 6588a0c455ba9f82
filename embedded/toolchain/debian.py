"""Debian packages, by name and only where missing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

from embedded.console import Work, say
from embedded.fault import Fault

RELEASE = Path("/etc/debian_version")
LISTS = Path("/var/lib/apt/lists")
WORDS = 4  # how many of apt's last lines a person gets to see


def missing(packages: Collection[str]) -> list[str]:
    """Return the packages that are not installed, in a fixed order."""
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    there = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    return sorted(set(packages) - there)


def ensure(packages: Collection[str], why: str) -> None:
    """Have the packages installed; a Fault names those that cannot be, and what they were for."""
    names = sorted(set(packages))
    if not RELEASE.exists():
        raise Fault(
            "This is not a Debian (or Ubuntu), so its packages cannot be installed by name.",
            f"They are needed {why}: {' '.join(names)}.",
            "Run on Debian 12 or newer, or use a cluster of your own: KUBECONTEXT=name make up",
        )
    wanted = missing(names)
    if not wanted:
        return
    if os.geteuid() != 0:
        raise Fault(
            f"Not installed: {' '.join(wanted)}.",
            f"They are needed {why}, and only root can install them.",
            f"sudo apt-get install {' '.join(wanted)}; or run `make up` as root",
        )
    with Work("Debian packages", total=1) as work, work.step(", ".join(wanted)):
        _install(wanted, why)


def _install(wanted: list[str], why: str) -> None:
    """Install; package lists are fetched only if there are none or they know too little."""
    if not _known(wanted):
        say("  Fetching Debian's package lists (apt-get update).")
        _apt(["update", "--quiet"], wanted, why)
    try:
        _apt(["install", "--yes", "--quiet", "--no-install-recommends", *wanted], wanted, why)
    except Fault:
        # Lists that are days old name package files that the mirror has replaced since.
        say("  [yellow]![/] apt-get install failed; trying again with fresh package lists.")
        _apt(["update", "--quiet"], wanted, why)
        _apt(["install", "--yes", "--quiet", "--no-install-recommends", *wanted], wanted, why)


def _known(wanted: Iterable[str]) -> bool:
    done = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *wanted], capture_output=True, check=False
    )
    return done.returncode == 0 and any(LISTS.glob("*Packages*"))


def _apt(args: list[str], wanted: list[str], why: str) -> None:
    done = subprocess.run(
        ["apt-get", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3", *args],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = "\n    ".join((done.stderr or done.stdout).strip().splitlines()[-WORDS:])
        raise Fault(
            f"apt-get {args[0]} failed:\n    {words}",
            f"Missing, and needed {why}: {' '.join(wanted)}.",
            f"See what this says: apt-get install {' '.join(wanted)}; then: make up",
        )
