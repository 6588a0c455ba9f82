"""Java's packages for an image: what Maven brings for a pom.xml, held against the digests of a lock."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from embedded.fault import Fault
from embedded.images.command import Runner
from embedded.toolchain import debian
from embedded.toolchain.versions import load

LOCK = "jars.sha256"


def download(source: Path, folder: Path, runner: Runner) -> None:
    """Have Maven bring the jars; each must be the one that the lock names, and none more."""
    _fetch(source, folder, runner)
    check(folder, (source / LOCK).read_text())


def lock(source: Path, folder: Path, runner: Runner) -> None:
    """Write down the digests of what Maven brings today for the versions of the pom.xml."""
    _fetch(source, folder, runner)
    lines = (f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items()))
    (source / LOCK).write_text("".join(lines))


def _fetch(source: Path, folder: Path, runner: Runner) -> None:
    if shutil.which("mvn") is None:
        debian.ensure(load().debian["services"], "to get the jars of images/services")
    runner.fetch(
        f"Downloading the jars of images/{source.name}",
        [
            *("mvn", "--quiet", "--batch-mode", "--file", source / "pom.xml"),
            *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"),
        ],
        env=dict(os.environ),
        fresh=folder,
    )


def _digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def check(folder: Path, wanted_text: str) -> None:
    """Refuse a folder that holds anything but the files of the lock, each with its digest."""
    wanted = {name: digest for digest, name in (line.split() for line in wanted_text.splitlines())}
    found = _digests(folder)
    other = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if other:
        raise Fault(
            f"Jars are not the ones that {LOCK} names: {', '.join(other)}.",
            "The image of the services was not built.",
            "See what pom.xml asks for; after a change of it: python -m embedded.images lock",
        )
