"""Builds tools from their Go modules, with committed go.mod and go.sum, into the cache."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from embedded.console import Detail, say
from embedded.toolchain.golang import Go
from embedded.toolchain.places import MODULES, fingerprint, whole
from embedded.toolchain.trim import trim
from embedded.toolchain.versions import Module, Versions

# -pgo=off: a profile lying beside one tool's main would compile every shared package a second time for it.
# -dwarf=false: nobody debugs these binaries, and leaving it out saves a tenth of the compile time.
FLAGS = ("-trimpath", "-pgo=off", "-gcflags=all=-dwarf=false")
MAJOR = re.compile(r"v\d+")


@dataclass(frozen=True)
class Workshop:
    """What every build needs: Go, the versions, where finished ones lie."""

    go: Go
    versions: Versions
    cache: Path  # <paths.cache>/tools
    modules: Path = MODULES
    _folders: dict[str, Path] = field(default_factory=dict)

    def folder(self, build: str) -> Path:
        """Return where a build lies when it is whole; asked once, since files may be edited meanwhile."""
        if build not in self._folders:
            self._folders[build] = self._folder(build)
        return self._folders[build]

    def _folder(self, build: str) -> Path:
        """Name it after everything that goes into it."""
        module = self.versions.modules[build]
        recipe = [self.go.version, self.versions.ldflags(build), *FLAGS, module.model_dump_json()]
        for script in module.scripts.values():
            recipe.append(fingerprint(self.modules / script.build))
        key = fingerprint(self.modules / build, *recipe)
        return self.cache / f"{build}-{module.version}-{key}"

    def built(self, build: str) -> bool:
        """Tell whether it lies there, whole."""
        return (self.folder(build) / "bin").is_dir()

    def prepare(self, build: str, work: Path) -> None:
        """Lay out a build and download what it needs: the network's part, which may run ahead of the rest."""
        module = self.versions.modules[build]
        shutil.copytree(self.modules / build, work, dirs_exist_ok=True)
        if module.instead:
            # Asked for by name, else Go fetches the hundreds of modules that only tests of others need.
            self.go.fetch(["mod", "download", *module.instead], work)
            trim(work, module.instead, lambda name: self._source(name, work))
        self.go.fetch(["list", "-deps", *module.binaries.values()], work)

    def build(self, build: str, detail: Detail) -> None:
        """Make the build whole, unless it is; only one process of this machine does it at a time."""
        module = self.versions.modules[build]
        with whole(self.folder(build), _waits(build)) as work:
            if work is None:
                return
            source = work / "source"
            detail("downloading its modules")
            self.prepare(build, source)
            detail("compiling")
            self._compile(build, module, source, work / "bin")
            self._scripts(module, work)
            shutil.rmtree(source)

    def _source(self, module: str, folder: Path) -> Path:
        return Path(self.go.run(["list", "-m", "-f", "{{.Dir}}", module], folder).strip())

    def _compile(self, build: str, module: Module, source: Path, target: Path) -> None:
        target.mkdir()
        flags = [*FLAGS, f"-ldflags={self.versions.ldflags(build)}"]
        self.go.run(["build", *flags, "-o", f"{target}/", *module.binaries.values()], source)
        for name, package in module.binaries.items():
            (target / executable_name(package)).rename(target / name)

    def _scripts(self, module: Module, work: Path) -> None:
        for name, script in module.scripts.items():
            origin = work / "origin"  # a copy: Go may write beside a go.mod, and the checkout stays as it is
            shutil.copytree(self.modules / script.build, origin)
            self.go.fetch(["mod", "download", script.module], origin)
            place = work / "bin" / name
            shutil.copyfile(self._source(script.module, origin) / script.path, place)
            place.chmod(0o755)
            shutil.rmtree(origin)


def executable_name(package: str) -> str:
    """Return the name that `go build` gives a binary: the last part of its path that is no major version."""
    *before, last = package.split("/")
    return before[-1] if MAJOR.fullmatch(last) and before else last


def _waits(build: str) -> Callable[[], None]:
    return lambda: say(f"  Another run builds {build}; waiting for it.")
