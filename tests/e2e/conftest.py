"""The running node as its user has it, a place for artefacts, and what the node says after a failure."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from embedded import node
from embedded.fault import Fault
from embedded.paths import CHECKOUT, find
from embedded.stacks import LOCAL, committed, namespace_of
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
        stack = _stack_of(item)
        parts = ("hub", "proxy")
        report.sections += [(f"{stack}: the last lines of the {part}", log_of(part, stack)) for part in parts]
    return report


def _stack_of(item: pytest.Item) -> str:
    """Tell which stack a test is about: the one it has as a parameter, else `local`."""
    named = item.callspec.params.get("visited") if hasattr(item, "callspec") else None
    return str(named or LOCAL)


def log_of(part: str, stack: str) -> str:
    """What hub or proxy of a stack wrote last, if they can be asked at all."""
    namespace = namespace_of(committed(stack))
    command = ["kubectl", "-n", namespace, "logs", f"deployment/{part}", "--tail=80", "--timestamps"]
    try:
        env = engine_of_this_machine(stack).env
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, Fault, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout + done.stderr
