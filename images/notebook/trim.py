"""Takes out of the environment what no notebook uses: `trim.py <prefix>`. Both ways of building run this."""

from __future__ import annotations

import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

# Their tests are a quarter of the image's Python files, and nothing imports them.
TESTLESS = (
    "bokeh",
    "dask",
    "datahub",
    "distributed",
    "lightgbm",
    "matplotlib",
    "networkx",
    "numpy",
    "pandas",
    "pyarrow",
    "ray",
    "scipy",
    "sklearn",
    "statsmodels",
    "sympy",
    "tornado",
    "xgboost",
    "zmq",
)
# What Cython made of their Python: compiled already. Not numpy's, which its users' own compilers read.
COMPILED = ("debugpy", "fontTools")
UNUSED = (
    "ray/jars",  # its Java side
    "pyarrow/include",
    "statsmodels/datasets/randhie/src",  # what its table was made of
)
# Drawings for the hub's own pages, which ask for none of these forms of them.
ICONS = "share/jupyterhub/static/components/@fortawesome/fontawesome-free"
UNUSED_ICONS = ("js", "metadata", "sprites", "sprites-full", "svgs", "svgs-full")


def trim(prefix: Path) -> None:
    """Drop libraries' tests, headers, other languages, and the maps that only a debugger reads."""
    (site,) = prefix.glob("lib/python3.*/site-packages")
    for package in TESTLESS:
        for tests in [*(site / package).rglob("tests")]:
            shutil.rmtree(tests)
    for name in UNUSED:
        shutil.rmtree(site / name)
    for name in UNUSED_ICONS:
        shutil.rmtree(prefix / ICONS / name)
    sources = (source for package in COMPILED for source in (site / package).rglob("*.c"))
    for file in [*sources, *prefix.rglob("*.map")]:
        file.unlink()
    share(prefix)


def share(folder: Path) -> None:
    """Keep one of files that are equal to the byte, by all its names: the lab lies in two places."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    for alike in _alike(files):
        first, *others = alike
        for other in others:
            other.unlink()
            os.link(first, other)


def _alike(files: Iterable[Path]) -> Iterator[list[Path]]:
    """Group files of one content, programs apart from others; only those of one size are read."""
    sizes: dict[tuple[int, bool], list[Path]] = defaultdict(list)
    for file in files:
        found = file.stat()
        sizes[found.st_size, bool(found.st_mode & 0o100)].append(file)
    for (size, _), several in sizes.items():
        contents: dict[bytes, list[Path]] = defaultdict(list)
        for file in several if size and len(several) > 1 else ():
            contents[file.read_bytes()].append(file)
        yield from (alike for alike in contents.values() if len(alike) > 1)


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
