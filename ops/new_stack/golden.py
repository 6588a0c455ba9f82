"""The reviewed snapshots of a new stack, made by the tests that hold them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_TESTS = (
    "tests/unit/test_values_stacks.py::test_the_values_are_as_reviewed",
    "tests/unit/test_resources.py::test_the_resources_of_a_stack_are_as_reviewed",
)


def command(stack: str) -> list[str]:
    """Give the command that makes them, which reads and writes nothing of other stacks."""
    return ["-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"{test}[{stack}]" for test in _TESTS)]


def typed(stack: str) -> str:
    """Write the command as a person types it."""
    tests = " ".join(f"'{test}[{stack}]'" for test in _TESTS)
    return f"UPDATE_GOLDEN=1 .venv/bin/python -m pytest -q {tests}"


def make(stack: str, project: Path) -> tuple[list[Path], str]:
    """Make them; give their places, or what the tests said instead."""
    done = subprocess.run(
        [sys.executable, *command(stack)],
        check=False,
        capture_output=True,
        text=True,
        cwd=project,
        env={**os.environ, "UPDATE_GOLDEN": "1", "PYTHONPATH": str(project)},
    )
    places = sorted((project / "tests" / "golden").glob(f"{stack}.*.yaml"))
    return places, "" if done.returncode == 0 else done.stdout + done.stderr
