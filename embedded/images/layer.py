"""File trees as layers: a tar whose bytes depend on nothing but what is in the files.

Sorted names, one fixed time, numeric owners, no set-uid bits. The fixed time is harmless to Python
because byte code is compiled without timestamps (see rootfs.py).
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

EPOCH = 1735689600  # 2025-01-01, as good as any
CHUNK = 1 << 20


@dataclass(frozen=True)
class Layer:
    """A layer on disk; uncompressed, so that its digest is also its diff ID."""

    file: Path
    digest: str
    size: int
    start: int = 0
    """Where in the file it begins: one that is taken from an earlier image lies inside that one's archive."""


@dataclass(frozen=True)
class Attributes:
    """Who owns an entry, and what may be done with it."""

    mode: int
    uid: int = 0
    gid: int = 0


Judge = Callable[[str, os.stat_result], Attributes]


def as_found(_name: str, found: os.stat_result) -> Attributes:
    """For a Debian tree: as its packages made it, less the set-uid bits that no pod may use anyway."""
    return Attributes(found.st_mode & 0o1777, found.st_uid, found.st_gid)


def plain(owned: Mapping[str, Attributes]) -> Judge:
    """For our own trees: root's and readable by all, whatever the builder's umask; except what is named."""

    def judge(name: str, found: os.stat_result) -> Attributes:
        if name in owned:
            return owned[name]
        executable = stat.S_ISDIR(found.st_mode) or found.st_mode & 0o100
        return Attributes(0o755 if executable else 0o644)

    return judge


class Hashing:
    """A file that remembers the digest and the length of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Write through."""
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)


def _walk(top: Path) -> Iterator[Path]:
    for path in sorted(top.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _parents(tree: Path, path: Path) -> list[Path]:
    return [parent for parent in reversed(path.parents) if parent.is_relative_to(tree) and parent != tree]


def _selected(tree: Path, only: tuple[str, ...] | None) -> list[Path]:
    """The entries of a layer in order, each after the directories that hold it."""
    if only is None:
        return list(_walk(tree))
    chosen: dict[Path, None] = {}
    for name in sorted(only):
        start = tree / name
        chosen.update(dict.fromkeys([*_parents(tree, start), start]))
        if start.is_dir():
            chosen.update(dict.fromkeys(_walk(start)))
    return list(chosen)


def _describe(
    path: Path, name: str, judge: Judge, seen: dict[tuple[int, int], str]
) -> tarfile.TarInfo | None:
    found = path.lstat()
    info = tarfile.TarInfo(name)
    attributes = judge(name, found)
    info.mtime, info.mode = EPOCH, attributes.mode
    info.uid, info.gid = attributes.uid, attributes.gid
    twin = (found.st_dev, found.st_ino)
    if stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(found.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
    elif not stat.S_ISREG(found.st_mode):
        return None  # devices and sockets: the container runtime makes /dev itself
    elif found.st_nlink > 1 and twin in seen:
        info.type, info.linkname = tarfile.LNKTYPE, seen[twin]
    else:
        info.size = found.st_size
        seen[twin] = name
    return info


def pack(tree: Path, out: Path, judge: Judge, only: tuple[str, ...] | None = None) -> Layer:
    """Write the tree, or only some paths of it, as a layer."""
    seen: dict[tuple[int, int], str] = {}
    with out.open("wb") as file:
        target = Hashing(file)
        with tarfile.open(fileobj=cast("IO[bytes]", target), mode="w|", bufsize=CHUNK) as tar:
            for path in _selected(tree, only):
                info = _describe(path, path.relative_to(tree).as_posix(), judge, seen)
                if info is None:
                    continue
                if info.isreg():
                    with path.open("rb") as content:
                        tar.addfile(info, content)
                else:
                    tar.addfile(info)
    return Layer(out, target.digest.hexdigest(), target.size)
