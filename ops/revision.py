"""The project as it was at a revision, unpacked beside it: its own code makes its own manifests."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops.ending import Cannot

_CHARTS = ".charts"
_SECONDS = 600.0


@contextmanager
def project_at(revision: str, project: Path) -> Iterator[Path]:
    """Unpack the project of a revision into a folder that goes afterwards, with the charts at hand."""
    packed = _archive(revision, project)
    with tempfile.TemporaryDirectory(prefix="ops-revision-") as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        if (project / _CHARTS).is_dir():
            shutil.copytree(project / _CHARTS, Path(folder) / _CHARTS, dirs_exist_ok=True)
        yield Path(folder)


def run_ops(project: Path, words: Sequence[str]) -> None:
    """Run a command of the unpacked project, in this Python."""
    surroundings = {**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "ops", *words]
    try:
        done = subprocess.run(
            command,
            cwd=project,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise _unmade(f"no answer for {_SECONDS:.0f} seconds") from error
    if done.returncode:
        raise _unmade(done.stderr.strip())


def _unmade(words: str) -> Cannot:
    return Cannot(
        f"The revision does not make its manifests: {words}\n"
        "    What follows: there is nothing to compare with.\n"
        "    What to do:   name a later revision, or a folder that `ops manifests --output` wrote; "
        "--release values needs no chart of either."
    )


def _archive(revision: str, project: Path) -> bytes:
    try:
        # The word is no option, whatever it begins with.
        done = subprocess.run(
            ["git", "-C", str(project), "archive", "--format=tar", "--end-of-options", revision],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise Cannot("git is not on PATH: compare with a folder, or install it.") from error
    if done.returncode:
        raise Cannot(
            f"{revision} is no folder, and git knows no such revision here: {done.stderr.decode().strip()}\n"
            "    What follows: there is nothing to compare with.\n"
            "    What to do:   name a folder that `ops manifests --output` wrote, or a revision that "
            "`git rev-parse` knows (a shallow clone has few: git fetch --unshallow)."
        )
    return done.stdout
