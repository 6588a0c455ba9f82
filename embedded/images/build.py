"""Making the images that are missing: the Debian tree first, the rest beside it and then on top of it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from embedded import paths as places
from embedded.console import Work, say
from embedded.fault import Fault
from embedded.images import archive, extras, kept, notebook, parts, rootfs
from embedded.images.command import Runner
from embedded.images.layer import Layer, as_found, pack, plain
from embedded.images.parts import Bench, Part, Slice
from embedded.images.recipe import (
    PYTHON,
    RECIPES,
    SUITE,
    Architecture,
    Recipe,
    architecture,
    base_key,
    key,
    key_of,
    ref,
)
from embedded.paths import Paths
from embedded.toolchain import debian, golang
from embedded.toolchain.places import locked
from embedded.toolchain.versions import load

PARTS: dict[str, Callable[[Bench], Part]] = {
    "hub": parts.hub,
    "proxy": parts.proxy,
    "pause": parts.pause,
    **extras.MAKERS,
}
# Images of several layers, which are made again one by one.
SLICES: dict[str, tuple[Slice, ...]] = {"notebook": notebook.SLICES}
SCRATCH = "building-"
UNUSED_DAYS = 3


@dataclass(frozen=True)
class Image:
    """An image as the node gets it."""

    ref: str
    archive: Path


@dataclass(frozen=True)
class Debian:
    """The Debian tree, and the layer packed from it."""

    tree: Path
    layer: Layer


def ensure(paths: Paths, go: Path | None = None, extra: Collection[str] = ()) -> dict[str, Image]:
    """Return every image, building those that this machine does not have yet; with this Go, or any found.

    Those that only some stacks need are named by `extra`.
    """
    arch = architecture()
    recipes = [*RECIPES, *(recipe for recipe in extras.EXTRAS if recipe.name in extra)]
    images = {
        recipe.name: Image(ref(recipe, arch), paths.images / f"{recipe.name}-{key(recipe, arch)}.tar")
        for recipe in recipes
    }
    if not _missing(recipes, images):
        _note_use(images)
        return images
    places.make_writable(paths.cache, "EMBEDDED_CACHE")
    paths.images.mkdir(exist_ok=True)
    _require_root()
    with _alone(paths.images):
        missing = _missing(recipes, images)  # another run may have made them while this one waited
        if missing:
            debian.ensure(load().debian["images"], "to build the container images")
            tool = go or golang.find(load().go, paths.tools).binary
            _build_all([(recipe, images[recipe.name]) for recipe in missing], paths.images, arch, tool)
        _note_use(images)
        _forget(paths.images)
    return images


def _missing(recipes: list[Recipe], images: dict[str, Image]) -> list[Recipe]:
    return [recipe for recipe in recipes if not images[recipe.name].archive.is_file()]


def _require_root() -> None:
    if os.geteuid() != 0:
        raise Fault(
            "Container images can only be built here by root: their files belong to several users.",
            "No pod can run on this machine.",
            "Run it as root, or use an existing cluster: KUBECONTEXT=name make up",
        )


def _note_use(images: dict[str, Image]) -> None:
    for image in images.values():
        with suppress(OSError):  # a cache that somebody else owns serves all the same
            os.utime(image.archive)


def _forget(folder: Path) -> None:
    """Remove what no checkout has used for long: a set of images is 3 GB."""
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    for file in folder.iterdir():
        if file.suffix in {".tar", ".layer", kept.SUFFIX} and file.stat().st_mtime < oldest:
            file.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One build at a time on this machine; whatever a killed one left is cleared away."""
    with locked(folder / ".lock", lambda: say("  Another run builds the images; waiting for it.")):
        for left in [*folder.glob(f"{SCRATCH}*"), *folder.glob(".*.tar.*")]:
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        yield


def _build_all(wanted: list[tuple[Recipe, Image]], folder: Path, arch: Architecture, go: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder, ignore_cleanup_errors=True) as scratch:
            _side_by_side(wanted, folder, Bench(Runner(), arch, Path(scratch), go))
    except OSError as error:
        raise Fault(
            f"The images could not be written below {folder}: {error.strerror or error}.",
            "Nothing half-made is kept; finished images are.",
            "Make room (8 GB), or name another place: EMBEDDED_CACHE=/some/dir make up",
        ) from error


def _side_by_side(wanted: list[tuple[Recipe, Image]], folder: Path, bench: Bench) -> None:
    """Everything at once: most of it waits for the network or the disk, and then for Debian."""
    with Work("Images", total=len(wanted) + 1) as work, ThreadPoolExecutor(len(wanted) + 1) as pool:
        debian_tree = pool.submit(_debian, bench, folder, work)
        builds: list[Future[None]] = [
            pool.submit(_build, recipe, image, bench, debian_tree, work) for recipe, image in wanted
        ]
        try:
            debian_tree.result()
            for build in builds:
                build.result()
        except KeyboardInterrupt:
            bench.runner.stopped.set()  # else what the interrupt ended would be tried again
            raise


def _debian(bench: Bench, folder: Path, work: Work) -> Debian:
    """The shared tree and its layer, kept between builds: the slowest step, and the same for all."""
    earlier = folder / f"debian-{base_key(bench.arch)}.layer"
    tree = bench.work / "debian"
    with work.step(f"Debian {SUITE} with Python {PYTHON}") as detail:
        detail("packages")
        if not _unpack(earlier, tree, bench.runner):
            rootfs.make(tree, bench.runner)
        detail("packing")
        layer = pack(tree, bench.work / "debian.layer", as_found)
        shutil.copyfile(layer.file, bench.work / "debian.kept")
        (bench.work / "debian.kept").replace(earlier)
    return Debian(tree, layer)


def _unpack(kept: Path, tree: Path, runner: Runner) -> bool:
    """Lay out the tree of an earlier build; one that the disk spoilt is made anew."""
    if not kept.is_file():
        return False
    try:
        rootfs.unpack(kept, tree, runner)
    except Fault:
        shutil.rmtree(tree)
        kept.unlink()
        return False
    return True


def _build(recipe: Recipe, image: Image, bench: Bench, debian_tree: Future[Debian], work: Work) -> None:
    with work.step(recipe.name) as detail:
        detail("packages")
        layers = []
        if recipe.name in SLICES:
            layers = _sliced(recipe.name, image.archive.parent, bench, debian_tree, detail)
        elif recipe.name in PARTS:
            part = PARTS[recipe.name](bench)
            detail("compiling and packing")
            base = debian_tree.result() if recipe.debian else None
            layers = [_pack(recipe.name, part, base, bench)]
        if recipe.debian:
            detail("waiting for Debian")
            layers.insert(0, debian_tree.result().layer)
        detail("writing the archive")
        archive.write(image.archive, image.ref, bench.arch.image, recipe.config, layers)


def _sliced(
    name: str, folder: Path, bench: Bench, debian_tree: Future[Debian], detail: Callable[[str], None]
) -> list[Layer]:
    """Take the layers that an earlier build of the image made, and make the others."""
    layers = []
    for each in SLICES[name]:
        known = f"{name}-{each.name}-{key_of(each.name.encode(), each.inputs, bench.arch, bench.checkout)}"
        layer = kept.find(folder, name, known)
        if layer is None:
            detail(each.name)
            part = each.make(bench)
            layer = _pack(f"{name}-{each.name}", part, debian_tree.result(), bench)
            kept.note(folder, known, layer)
            shutil.rmtree(part.tree)
        layers.append(layer)
    return layers


def _pack(name: str, part: Part, base: Debian | None, bench: Bench) -> Layer:
    """Move the part into the Debian tree, whose Python compiles it, and pack it."""
    out = bench.work / f"{name}.layer"
    if base is None:
        return pack(part.tree, out, plain(part.owned))
    for folder in part.python:
        inside = base.tree / folder
        inside.parent.mkdir(exist_ok=True)
        (part.tree / folder).rename(inside)
        rootfs.compile_python(base.tree, [inside], bench.runner)
        inside.rename(part.tree / folder)
    if part.unpacked or name in extras.MAKERS:
        extras.without_known(part.tree, base.tree)
    for accounts in ("etc/passwd", "etc/group"):
        ours = part.tree / accounts
        if ours.is_file():
            ours.write_text((base.tree / accounts).read_text() + ours.read_text())
    return pack(part.tree, out, plain(part.owned))
