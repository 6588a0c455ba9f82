"""The server's own limits, where the kernel keeps them: `free` and `nproc` show the whole node's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
# A limit above this is how version 1 says that there is none.
_NONE = 1 << 60


@dataclass(frozen=True)
class Limits:
    """Processors and memory; None where nothing limits them."""

    processors: float | None
    memory: int | None
    memory_used: int | None


def limits(root: Path = CGROUP) -> Limits:
    """Read the limits of the control group that this process is in."""
    return Limits(
        _processors(root),
        _number(root / "memory.max", root / "memory/memory.limit_in_bytes"),
        _number(root / "memory.current", root / "memory/memory.usage_in_bytes"),
    )


def gpus() -> list[str]:
    """Name the GPUs that this server was given; the driver shows them as files."""
    shown = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    granted = os.environ.get("NVIDIA_VISIBLE_DEVICES", "")
    return shown or [name for name in granted.split(",") if name.startswith(("GPU-", "MIG-"))]


def _processors(root: Path) -> float | None:
    both = _text(root / "cpu.max").split()
    if len(both) != 2:  # version 1
        both = [_text(root / "cpu/cpu.cfs_quota_us"), _text(root / "cpu/cpu.cfs_period_us")]
    quota, period = both
    if not quota.isdigit() or not period.isdigit():
        return None
    return int(quota) / int(period)


def _number(*files: Path) -> int | None:
    for file in files:
        said = _text(file)
        if said.isdigit() and int(said) < _NONE:
            return int(said)
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
