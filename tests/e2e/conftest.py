"""The running node as its user has it, a place for artefacts, and what the node says after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import node
from embedded.paths import CHECKOUT, find
from tests.e2e.hub import Hub

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
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Iterator[None]:
    """After a failure, show what the node knows of it, before the runner's last lines."""
    yield
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.section("what the node says")
        terminalreporter.write_line(node.diagnose(find()))
