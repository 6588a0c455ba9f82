"""Where built tools lie in the cache: one folder per content, published whole, one builder at a time."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.fault import Fault

MODULES = Path(__file__).resolve().parent / "modules"


def fingerprint(folder: Path, *more: str) -> str:
    """Return a short name for the content of a folder and some texts: any change gives another one."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    for text in more:
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()[:12]


def clean_folder(folder: Path) -> Path:
    """Return the folder, empty: what an interrupted run left in it is not used."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


@contextmanager
def locked(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends; says when another process has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def whole(target: Path, waiting: Callable[[], None]) -> Iterator[Path | None]:
    """Yield an empty folder that becomes `target` if all goes well, or None if `target` is there already.

    Two checkouts may want the same folder at once: the second waits for the first and finds its work done.
    """
    try:
        with locked(target.parent / f".{target.name}.lock", waiting):
            if target.exists():
                yield None
                return
            work = clean_folder(target.parent / f".{target.name}.part")
            yield work
            work.replace(target)
    except PermissionError as error:
        raise unwritable(target.parent, error) from error


def unwritable(place: Path, error: OSError) -> Fault:
    """Say that the cache cannot be written."""
    return Fault(
        f"{error.filename or place} cannot be written: {error.strerror or error}.",
        "The tools have no place to lie in; nothing was started or changed.",
        "Free it, or name another place for the cache: EMBEDDED_CACHE=/some/dir make up",
    )
