"""From names to tools: what is at hand first, then the official download, then a build."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from embedded.console import Work
from embedded.fault import Fault
from embedded.paths import Paths, make_writable
from embedded.toolchain import golang, official, versions
from embedded.toolchain.build import Workshop
from embedded.toolchain.places import clean_folder, fingerprint, locked, whole

ON_PATH = "on PATH"
DOWNLOADED = "official download"
BUILT = "built from its Go module"


@dataclass(frozen=True)
class Tools:
    """Where each tool is and where it came from."""

    found: dict[str, tuple[Path, str]] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Return the binary."""
        return self.found[name][0]

    def origin(self, name: str) -> str:
        """Return where it came from, as a person says it."""
        return self.found[name][1]


def names() -> tuple[str, ...]:
    """Return every tool there is."""
    return tuple(name for module in versions.load().modules.values() for name in module.binaries)


def ensure(wanted: Collection[str], paths: Paths) -> Tools:
    """Return the tools, after getting what is missing; shows what it does."""
    known = versions.load()
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        raise Fault(
            f"No such tool: {', '.join(unknown)}.", "Nothing was built.", f"There are: {', '.join(names())}"
        )
    make_writable(paths.tools, "EMBEDDED_CACHE")
    tools = Tools()
    if official.ENGINE in wanted or official.HOST in wanted:
        tools.found.update(_engine(known, paths, wanted))
    builds = [
        build
        for build, module in known.modules.items()
        if any(name in wanted and name not in tools.found for name in module.binaries)
    ]
    if builds:
        tools.found.update(_built(builds, known, paths))
    return tools


def official_plugins(pulumi: Path, paths: Paths) -> bool:
    """Have Pulumi's official plugins in PULUMI_HOME if they can be had; False, within seconds, if not."""
    return official.have_plugins(pulumi, paths, versions.load().pulumi)


def _engine(known: versions.Versions, paths: Paths, wanted: Collection[str]) -> dict[str, tuple[Path, str]]:
    """Return the engine with its language host from the same place, if one is to be had without a build."""
    pair = [name for name in (official.ENGINE, official.HOST) if name in wanted]
    folder = official.on_path(known.pulumi, paths)
    if folder:
        return {name: (folder / name, ON_PATH) for name in pair}
    folder = official.release_folder(known.pulumi, paths.tools)
    if not folder.exists() and not _engine_was_built(paths):
        official.download_engine(known.pulumi, paths.tools, official.Reach(paths.cache))
    if folder.exists():
        return {name: (folder / name, DOWNLOADED) for name in pair}
    return {}


def _engine_was_built(paths: Paths) -> bool:
    """A machine that built its engine keeps it: changing it between two runs would surprise."""
    return any(paths.tools.glob(f"{official.ENGINE}-[0-9]*"))


def _built(builds: list[str], known: versions.Versions, paths: Paths) -> dict[str, tuple[Path, str]]:
    shop = Workshop(golang.find(known.go, paths.tools), known, paths.tools)
    missing = [build for build in builds if not shop.built(build)]
    if missing:
        with Work("Tools", total=len(missing)) as work, _downloads_ahead(shop, missing[1:]):
            for build in missing:
                with work.step(f"{build} {known.modules[build].version}") as detail:
                    shop.build(build, detail)
    found = {
        name: (shop.folder(build) / "bin" / name, BUILT)
        for build in builds
        for name in known.modules[build].binaries
    }
    if official.ENGINE in found and official.HOST in found:
        found |= _side_by_side(shop)
    return found


def _side_by_side(shop: Workshop) -> dict[str, tuple[Path, str]]:
    """Put engine and language host into one folder: the engine warns of a host that it finds elsewhere."""
    folders = [shop.folder(name) for name in (official.ENGINE, official.HOST)]
    target = shop.cache / f"engine-{fingerprint(shop.cache / 'none', *(folder.name for folder in folders))}"
    with whole(target, lambda: None) as work:
        if work is not None:
            for folder in folders:
                for binary in (folder / "bin").iterdir():
                    (work / binary.name).hardlink_to(binary)
    return {name: (target / name, BUILT) for name in (official.ENGINE, official.HOST)}


@contextmanager
def _downloads_ahead(shop: Workshop, builds: list[str]) -> Iterator[None]:
    """Download what later builds need while earlier ones compile: one waits for the network, the other not.

    Builds themselves go one after another: `go build` keeps all processors busy on its own, and two at
    once would compile what they share twice. A fault here is left to the build, which meets it again.
    """

    def fetch(build: str) -> None:
        place = shop.cache / f".ahead-{build}"
        with suppress(Fault, OSError), locked(shop.cache / f".ahead-{build}.lock", lambda: None):
            shop.prepare(build, clean_folder(place))
            shutil.rmtree(place)

    pool = ThreadPoolExecutor(max_workers=max(1, min(2, os.cpu_count() or 1)))
    for build in builds:
        pool.submit(fetch, build)
    try:
        yield
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
