"""`image-contents`: every package of the image with version, licence and size, as it lies in the image."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

CODE_SERVER = Path("/opt/code-server")
_LONG = 40  # some packages paste their whole licence where its name belongs


@dataclass(frozen=True)
class Package:
    """One package: what the image holds of it."""

    name: str
    version: str
    licence: str
    bytes: int


def packages() -> list[Package]:
    """List the image's own packages, not what a user has added to the home."""
    site = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    found = [
        Package(each.name, each.version, licence(each), _size(each))
        for each in distributions(path=[str(site)])
    ]
    return sorted([*found, *_editor()], key=lambda package: package.name.lower())


def licence(distribution: Distribution) -> str:
    """Name the licence: by its expression, else by its classifier, else by what the author wrote."""
    said = distribution.metadata
    if "License-Expression" in said:
        return str(said["License-Expression"])
    classed = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    short = (said.get_all("License") or [""])[0].strip()
    words = "; ".join(classed) or (short if len(short) < _LONG and "\n" not in short else "see the package")
    return words.replace("|", "/") or "not said"


def _size(distribution: Distribution) -> int:
    files = [Path(str(distribution.locate_file(file))) for file in distribution.files or []]
    compiled = [each for file in files if file.suffix == ".py" for each in _compiled(file)]
    return sum(file.stat().st_size for file in {*files, *compiled} if file.is_file())


def _compiled(file: Path) -> Iterator[Path]:
    yield file.parent / "__pycache__" / f"{file.stem}.{sys.implementation.cache_tag}.pyc"


def _editor() -> Iterator[Package]:
    said = CODE_SERVER / "node_modules" / "code-server" / "package.json"
    if said.is_file():
        document = json.loads(said.read_text())
        size = sum(file.lstat().st_size for file in CODE_SERVER.rglob("*") if not file.is_dir())
        yield Package("code-server (with Node.js)", document["version"], document["license"], size)


def markdown(found: list[Package]) -> str:
    """Lay the list out as a table of a page."""
    rows = [f"| {p.name} | {p.version} | {p.licence} | {p.bytes / 1e6:.1f} |" for p in found]
    head = "| package | version | licence | MB |\n|---|---|---|---:|"
    return "\n".join([head, *rows]) + "\n"


def main(words: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="image-contents", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args(words)
    found = packages()
    sys.stdout.write(json.dumps([asdict(each) for each in found]) if asked.json else markdown(found))
    return 0
