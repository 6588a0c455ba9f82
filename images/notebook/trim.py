"""Takes out of the environment what no notebook uses: `trim.py <prefix>`. Both ways of building run this."""

from __future__ import annotations

import shutil
import sys
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
UNUSED = (
    "ray/jars",  # its Java side
    "pyarrow/include",
)


def trim(prefix: Path) -> None:
    """Drop libraries' tests, headers, other languages, and the maps that only a debugger reads."""
    (site,) = prefix.glob("lib/python3.*/site-packages")
    for package in TESTLESS:
        for tests in [*(site / package).rglob("tests")]:
            shutil.rmtree(tests)
    for name in UNUSED:
        shutil.rmtree(site / name)
    for source_map in [*prefix.rglob("*.map")]:
        source_map.unlink()


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
