"""Prometheus' own programs: of this machine, or out of Debian's package, which is only unpacked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def program(name: str, place: Path) -> Path:
    """Give `prometheus` or `promtool`; skip where there is neither."""
    if found := shutil.which(name):
        return Path(found)
    # apt fetches as a user of its own where it can.
    place.chmod(0o755)
    try:
        subprocess.run(["apt-get", "download", "prometheus"], cwd=place, check=True, capture_output=True)
        (package,) = place.glob("prometheus_*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, place], check=True, capture_output=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no {name} on PATH, and Debian's package prometheus cannot be had: {error}")
    return place / "usr" / "bin" / name
