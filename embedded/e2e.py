"""`make e2e`: bring everything up, try it as a user would, break it, repair it, take it down."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from embedded.paths import CHECKOUT, Paths
from embedded.toolchain import debian, versions
from embedded.up import up


def run(paths: Paths, pytest_arguments: Sequence[str]) -> int:
    """Run the tests of the node; the last of them takes it down. Returns the runner's exit code."""
    debian.ensure(versions.load().debian["browser"], "for the browser that signs in")
    up(paths, os.environ)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", "-v", "-m", "node", "tests/e2e", *pytest_arguments],
        cwd=CHECKOUT,
        check=False,
    ).returncode
