"""Measures leaving, demotion and an outage at running hubs, at their own pace, and prints the table.

    python -m tests.hub.measure_leaving [MINUTES]

MINUTES is how long the provider is away: 12, longer than the hub believes an answer; from 61 on it is longer
than it starts servers without one. No test, and no part of `make test`: hubs ask every ten minutes, and here
they are left to. All providers and both parts run at the same time, each hub as a process of this machine
beside the pretended provider, with the settings of a committed stack.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from chart.catalogue import make
from tests.unit.documents import PROJECT

MINUTES = 12.0
# The hub's packages first: what both have is the hub's.
AGAIN = (
    "import sys; sys.path.append({ours!r}); from tests.hub import measure_leaving as m; m.measure({minutes})"
)


def measure(minutes: float) -> None:
    """Run both parts and print what was seen."""
    from tests.hub import measured_parts as parts

    left, away = parts.Board(), parts.Board()
    told = io.StringIO()
    # The provider tells of each request, and of those that it was in the middle of when it went away.
    quiet = (contextlib.redirect_stdout(told), contextlib.redirect_stderr(told))
    with (
        tempfile.TemporaryDirectory(prefix="leaving-") as folder,
        quiet[0],
        quiet[1],
        ThreadPoolExecutor() as pool,
    ):
        works = [
            pool.submit(parts.leaving, Path(folder) / "leaving", left),
            pool.submit(parts.outage, Path(folder) / "outage", away, minutes),
        ]
        faults = [fault for work in works if (fault := work.exception())]
    sys.stdout.write("\n".join([*parts.Board(parts.rows_of([left, away])).lines(), ""]))
    if faults:
        raise faults[0]


def main(arguments: list[str]) -> int:
    """Measure here if the hub's packages are here, else in an environment made for it."""
    minutes = float(arguments[0]) if arguments else MINUTES
    if find_spec("jupyterhub"):
        measure(minutes)
        return 0
    with tempfile.TemporaryDirectory(prefix="leaving-hub-") as folder:
        python = make.installed(PROJECT / "images" / "hub" / "requirements.txt", Path(folder))
        code = AGAIN.format(ours=sysconfig.get_path("purelib"), minutes=minutes)
        return subprocess.run([python, "-c", code], cwd=PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
