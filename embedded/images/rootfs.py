"""The Debian tree that the images share, and byte code compiled by that tree's own Python."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from embedded.images.command import Runner
from embedded.images.layer import EPOCH
from embedded.images.recipe import DEBIAN_PACKAGES, SUITE

HOOK = Path("/usr/share/mmdebstrap/hooks/merged-usr")
UNWANTED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
# In namespaces of its own: when it is killed, so are its children, and what it had mounted is gone, so that
# clearing up never reaches into the machine's own /dev.
ALONE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
# Traces of the build: logs, caches and backups that differ from one build to the next.
TRACES = (
    "var/log/*",
    "var/cache/debconf/*",
    "var/cache/ldconfig/*",
    "var/cache/apt/archives/*",
    "var/lib/dpkg/*-old",
    "var/lib/dpkg/lock*",
    "etc/*-",
    "etc/hostname",
    "etc/resolv.conf",
    "etc/machine-id",
)


def make(tree: Path, runner: Runner) -> None:
    """Install Debian's essential packages and ours into an empty directory."""
    runner.fetch(
        f"Installing Debian {SUITE} packages for the images",
        [
            *ALONE,
            *("mmdebstrap", "--mode=root", "--format=directory", "--variant=essential"),
            f"--include={','.join(DEBIAN_PACKAGES)}",
            f"--hook-dir={HOOK}",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNWANTED),
            *(SUITE, tree),
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        fresh=tree,  # mmdebstrap refuses a directory in which an earlier try left something
    )
    for pattern in TRACES:
        for path in tree.glob(pattern):
            _remove(path)
    compile_python(tree, [tree / "usr/lib/python3", tree / "usr/lib/python3.11"], runner)


def unpack(layer: Path, tree: Path, runner: Runner) -> None:
    """Lay out a Debian layer that was packed earlier."""
    tree.mkdir()
    runner.run(
        "Unpacking the Debian layer", ["tar", "--extract", "--numeric-owner", "-pf", layer, "-C", tree]
    )


def compile_python(tree: Path, folders: list[Path], runner: Runner) -> None:
    """Compile byte code without timestamps: valid under a layer's fixed times, never checked at start.

    Packages bring byte code that is checked against the source's time; with fixed times every start
    would compile the standard library again, in vain, since pods cannot write there.
    """
    for folder in folders:
        for cache in list(folder.rglob("__pycache__")):
            shutil.rmtree(cache)
    sources = sorted(f"/{path.relative_to(tree)}" for folder in folders for path in folder.rglob("*.py"))
    runner.run(
        "Compiling Python's byte code",
        [
            *("chroot", tree, "/usr/bin/python3", "-c", _COMPILE),
            *(str(os.cpu_count() or 1),),
        ],
        given="\n".join(sources),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
    )


# Forks itself: compileall's own workers need a /dev/shm, which a bare tree has not. Some packages ship
# files that are not meant for this Python (templates, tests of syntax errors): those stay uncompiled.
_COMPILE = """
import os, py_compile, sys
unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
names, workers = sys.stdin.read().split("\\n"), int(sys.argv[1])
children = []
for worker in range(workers):
    child = os.fork()
    if child == 0:
        for name in filter(None, names[worker::workers]):
            try:
                py_compile.compile(name, doraise=True, invalidation_mode=unchecked)
            except (py_compile.PyCompileError, UnicodeDecodeError):
                pass
        os._exit(0)
    children.append(child)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
