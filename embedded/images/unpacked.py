"""Debian packages laid over the shared tree: unpacked with all that they need, never configured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from embedded.images import rootfs
from embedded.images.layer import EPOCH
from embedded.images.parts import Bench
from embedded.images.recipe import SUITE


def packages(bench: Bench, what: str, names: Iterable[str], into: Path, unused: Iterable[str]) -> None:
    """Unpack these packages and drop what nobody meets (patterns of paths)."""
    bench.runner.fetch(
        f"Downloading {what} of Debian {SUITE}",
        [
            *rootfs.ALONE,
            *("mmdebstrap", "--mode=root", "--format=directory", "--variant=extract"),
            f"--include={','.join(names)}",
            f"--hook-dir={rootfs.HOOK}",
            *(SUITE, into),
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        fresh=into,
    )
    # Which devices a tree has differs between one just made and one that was kept.
    for pattern in ("dev", *unused, *(place.lstrip("/") for place in rootfs.UNWANTED)):
        for path in into.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
