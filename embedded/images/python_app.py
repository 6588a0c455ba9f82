"""A virtual environment for the image's Python, laid out without running that Python.

Wheels are chosen and unpacked by uv for the image's Python version and C library, whatever Python runs
this project. uv puts everything below one folder; here it becomes /opt/<name> with bin, lib, share, etc,
so that `sys.prefix` leads to it and packages find their data.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import uv

from embedded.images.command import Runner
from embedded.images.recipe import PYTHON, Architecture

# Their tests are a third of the notebook image's Python files, and nothing imports them.
TESTLESS = ("matplotlib", "networkx", "numpy", "pandas", "pyarrow", "scipy", "sklearn", "sympy")


# Found once, while there is one thread: the search fails now and then when two threads do it at once.
UV = uv.find_uv_bin()


def download(lock: Path, into: Path, arch: Architecture, runner: Runner) -> None:
    """Unpack the wheels of a lock; each must match one of its hashes."""
    runner.fetch(
        f"Downloading the wheels of images/{lock.parent.name}",
        [
            *(UV, "pip", "install", "--quiet", "--target", into, "--requirements", lock),
            *("--require-hashes", "--only-binary", ":all:", "--no-deps", "--python", sys.executable),
            *("--python-version", PYTHON, "--python-platform", arch.wheel),
            *("--link-mode", "hardlink", "--no-compile-bytecode"),
        ],
        fresh=into,
    )


def lay_out(prefix: Path, wheels: Path, inside: str) -> None:
    """Turn a folder of unpacked wheels into a virtual environment that lies at `inside` in the image."""
    site = prefix / "lib" / f"python{PYTHON}" / "site-packages"
    site.parent.mkdir(parents=True)
    wheels.rename(site)
    for folder in ("etc", "share"):
        if (site / folder).is_dir():
            (site / folder).rename(prefix / folder)
    for rest in ("bin", "include", ".lock"):
        _discard(site / rest)  # scripts name the interpreter that ran uv; ours are written below
    for package in TESTLESS:
        for tests in list((site / package).rglob("tests")):
            _discard(tests)
    _write_environment(prefix)
    _write_scripts(prefix / "bin", site, inside)


def _write_environment(prefix: Path) -> None:
    # System packages are visible so that pip lets users install into their own home; Debian's are none.
    (prefix / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {PYTHON}\n"
    )
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python3").symlink_to("/usr/bin/python3")
    (prefix / "bin" / "python").symlink_to("python3")


def _write_scripts(folder: Path, site: Path, inside: str) -> None:
    entries = [
        entry
        for distribution in distributions(path=[str(site)])
        for entry in distribution.entry_points
        if entry.group == "console_scripts"
    ]
    for entry in sorted(entries, key=lambda entry: entry.name):
        script = folder / entry.name
        script.write_text(_script(entry, f"{inside}/bin/python3"))
        script.chmod(0o755)


def _script(entry: EntryPoint, interpreter: str) -> str:
    head = entry.attr.partition(".")[0]
    return f"#!{interpreter}\nimport sys\nfrom {entry.module} import {head}\nsys.exit({entry.attr}())\n"


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
