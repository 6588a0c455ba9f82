"""The notebook image's contents as a page, docs/notebook-contents.md: from its lists and the image itself.

The image is unpacked and its own `image-contents` is asked, so the page says what a user would be told.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from embedded.fault import Fault
from embedded.images import archive, notebook
from embedded.images.layer import CHUNK
from embedded.paths import CHECKOUT

PAGE = CHECKOUT / "docs/notebook-contents.md"
LISTS = CHECKOUT / notebook.HERE
LARGEST = 15
_LAYERS = ("Debian with Python", "git and other tools", "libraries", "VS Code with Node.js", "our own files")
_SHARE, _ETC = "opt/notebook/share/jupyter", "opt/notebook/etc/jupyter"
_HEAD = """\
# What is in the notebook image
Made by `python -m embedded.images contents` from the lists in `images/notebook` and the image built of them;
a test compares it with the locks. [About the image](notebook-image.md). In a terminal: `image-contents`.
"""


@dataclass(frozen=True)
class Contents:
    """An image, looked into."""

    packages: tuple[Mapping[str, str | int], ...]
    extensions: Mapping[str, Iterable[str]]
    commands: tuple[str, ...]
    layers: tuple[tuple[int, int], ...]
    """Of each layer: bytes, and bytes as a registry keeps it."""


def look(image: Path) -> Contents:
    """Unpack the image and read it."""
    with tempfile.TemporaryDirectory(prefix="contents-", dir=image.parent) as scratch:
        tree = Path(scratch)
        layers = tuple(_lay_out(image, digest, size, tree) for digest, size in archive.layers_of(image))
        packages = _packages(tree)
        commands = sorted(path.name for path in (tree / "opt/notebook/bin").iterdir())
        return Contents(packages, _extensions(tree), tuple(commands), layers)


def page(found: Contents) -> str:
    """Write the page."""
    asked = wanted()
    rows = {normal(str(each["name"])): each for each in found.packages}
    others = [row for name, row in rows.items() if name not in asked]
    return "\n".join(
        [
            _HEAD,
            *_sizes(found),
            f"## Asked for: {len(asked)}",
            *_table(rows[name] for name in asked),
            "## In the lab and its server",
            *(f"- {kind}: {', '.join(names)}" for kind, names in found.extensions.items()),
            f"\n## Commands: {len(found.commands)}",
            f"Debian's: {', '.join(notebook.TOOLS)}, with bash, coreutils, tar, tini.\n",
            f"In `/opt/notebook/bin`: {', '.join(found.commands)}.\n",
            f"## What these need: {len(others)}",
            *_table(others),
        ]
    )


def wanted() -> list[str]:
    """Name what the list that people edit asks for."""
    return [normal(name) for name in re.findall(r"(?m)^([\w.-]+)", (LISTS / "requirements.in").read_text())]


def normal(name: str) -> str:
    """Spell a package's name as locks do."""
    return re.sub("[-_.]+", "-", name).lower()


def _sizes(found: Contents) -> Iterator[str]:
    yield "## Size\n| layer | MB | compressed (gzip), MB |\n|---|---:|---:|"
    for name, (size, small) in zip(_LAYERS, found.layers, strict=True):
        yield f"| {name} | {_megabytes(size)} | {_megabytes(small)} |"
    size, small = (sum(column) for column in zip(*found.layers, strict=True))
    yield f"| together | {_megabytes(size)} | {_megabytes(small)} |\n"
    largest = sorted(found.packages, key=lambda each: int(each["bytes"]), reverse=True)[:LARGEST]
    yield "The largest: " + ", ".join(f"{e['name']} {int(e['bytes']) / 1e6:.0f}" for e in largest) + ".\n"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f}" if size >= 1e6 else f"{size / 1e6:.1f}"


def _table(rows: Iterable[Mapping[str, str | int]]) -> Iterator[str]:
    yield "| package | version | licence | MB |\n|---|---|---|---:|"
    for row in rows:
        yield f"| {row['name']} | {row['version']} | {row['licence']} | {int(row['bytes']) / 1e6:.1f} |"
    yield ""


def _packages(tree: Path) -> tuple[Mapping[str, str | int], ...]:
    done = subprocess.run(
        ["chroot", tree, "/opt/notebook/bin/image-contents", "--json"],
        env={"PATH": "/opt/notebook/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Fault(
            f"The notebook image does not say what it holds: {done.stderr.strip()[-300:]}",
            f"{PAGE.name} was left as it is.",
            "Run it as root; if it was, run image-contents in a server of this image and see why it fails.",
        )
    return tuple(json.loads(done.stdout))


def _extensions(tree: Path) -> dict[str, list[str]]:
    described = [
        *(tree / _SHARE / "labextensions").glob("*/package.json"),
        *(tree / _SHARE / "labextensions").glob("@*/*/package.json"),
    ]
    front = [json.loads(file.read_text()) for file in described]
    enabled: dict[str, bool] = {}
    for file in (tree / _ETC / "jupyter_server_config.d").glob("*.json"):
        enabled |= json.loads(file.read_text()).get("ServerApp", {}).get("jpserver_extensions", {})
    return {
        "extensions of the lab": sorted(f"{each['name']} {each['version']}" for each in front),
        "extensions of the server": sorted(name for name, wanted in enabled.items() if wanted),
        "kernels": sorted(path.name for path in (tree / _SHARE / "kernels").iterdir()),
    }


def _lay_out(image: Path, digest: str, size: int, tree: Path) -> tuple[int, int]:
    with _layer(image, digest) as file, tarfile.open(fileobj=file, mode="r|") as layer:
        layer.extractall(tree, filter="fully_trusted")  # noqa: S202 (packed by ourselves)
    compressor, small = zlib.compressobj(wbits=31), 0
    with _layer(image, digest) as file:
        while chunk := file.read(CHUNK):
            small += len(compressor.compress(chunk))
    return size, small + len(compressor.flush())


@contextmanager
def _layer(image: Path, digest: str) -> Iterator[IO[bytes]]:
    with tarfile.open(image) as tar:
        file = tar.extractfile(f"blobs/sha256/{digest.removeprefix('sha256:')}")
        assert file is not None, digest  # noqa: S101 (a file we wrote)
        yield file
