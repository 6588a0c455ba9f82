"""Leaves packages out of a build: copies a module and puts own small files in place of what is not needed.

A cloud's whole interface is compiled into the engine and into Traefik for features that the embedded node
cannot use; without it they build in half the time. Go refuses an overlay over its module cache, so the
module is copied (after Go has checked it against go.sum) and the copy named by a `replace` line in the
build's own go.mod. The committed go.mod stays plain.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

Locate = Callable[[str], Path]  # module path -> its folder in Go's module cache
INSTEAD = "_instead"  # Go does not look into folders whose name starts with an underscore


def packages_instead(folder: Path, module: str, others: Iterable[str]) -> list[Path]:
    """Return the folders below modules/<name>/_instead that belong to a module (the longest name wins)."""
    longer = [other for other in others if other.startswith(f"{module}/")]
    found = []
    for file in sorted((folder / INSTEAD / module).rglob("*.go")):
        package = str(file.parent.relative_to(folder / INSTEAD))
        inside = any(package == other or package.startswith(f"{other}/") for other in longer)
        if not inside and file.parent not in found:
            found.append(file.parent)
    return found


def trim(work: Path, modules: Iterable[str], locate: Locate) -> None:
    """Replace packages of the named modules in the build at `work`, and write the `replace` lines."""
    names = tuple(modules)
    lines = []
    for module in names:
        copy = work / "_trimmed" / module.replace("/", "_")
        _copy_sources(locate(module), copy)
        for package in packages_instead(work, module, names):
            place = copy / package.relative_to(work / INSTEAD / module)
            for old in place.glob("*.go"):
                old.unlink()
            for new in package.glob("*.go"):
                shutil.copyfile(new, place / new.name)
        lines.append(f"replace {module} => ./{copy.relative_to(work)}\n")
    if lines:
        with (work / "go.mod").open("a") as file:
            file.write("\n" + "".join(lines))


def _copy_sources(source: Path, target: Path) -> None:
    """Copy a module without its tests; files become writable (the module cache is read-only)."""
    shutil.copytree(
        source,
        target,
        copy_function=shutil.copyfile,
        ignore=shutil.ignore_patterns("*_test.go", "testdata", "_examples", "integration"),
    )
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
