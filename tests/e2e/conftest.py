"""The running node as its user has it, a place for artefacts, and what the node says after a failure."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from embedded import node
from embedded.fault import Fault
from embedded.paths import CHECKOUT, find
from tests.e2e.hub import Hub, engine_of_this_machine

HERE = Path(__file__).resolve().parent
# The last file takes the node down; whatever runs after it would have nothing to run on.
LAST = ("test_destroy.py", "test_node_down.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LAST.index(item.path.name) if item.path.name in LAST else -1)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    place = CHECKOUT / "artifacts"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture
def hub() -> Hub:
    return Hub.of_this_machine()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure, write what the node knew of it at that moment: the last tests take the node down."""
    report = yield
    if report.failed and report.when != "teardown" and item.path.parent == HERE:
        report.sections.append(("what the node says", node.diagnose(find())))
        report.sections += [(f"the last lines of the {part}", log_of(part)) for part in ("hub", "proxy")]
    return report


def log_of(part: str) -> str:
    """What hub or proxy wrote last, if they can be asked at all."""
    command = ["kubectl", "-n", "jupyterhub", "logs", f"deployment/{part}", "--tail=80", "--timestamps"]
    try:
        env = engine_of_this_machine().env
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, Fault, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout + done.stderr
