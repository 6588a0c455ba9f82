"""What several modules of the unit tests share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
import yaml

from chart.source import Archive
from tests.unit.documents import PROJECT

# The published schema and defaults of the real chart, where they lie beside the project.
DATA = PROJECT.parent / "shared" / "chart"


@pytest.fixture(autouse=True)
def _no_shell_of_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what `make env` told the shell that runs the tests: commands would speak of that stack."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def _pulumi_finds_a_loop(_loop: asyncio.AbstractEventLoop) -> None:
    """Give Pulumi the same loop in every test, whichever ran before.

    `asyncio.run` leaves a thread without one: Pulumi then fails at a process's first resource, or makes a
    loop that nobody closes, of which Python warns in whatever test runs when it is collected.
    """
    asyncio.set_event_loop(_loop)


@pytest.fixture(scope="session")
def real_chart() -> Archive:
    if not DATA.is_dir():
        pytest.skip("the published schema of chart 4.4.0 does not lie beside this checkout")
    return Archive(
        version="4.4.0",
        defaults=yaml.load((DATA / "values.yaml").read_text(), yaml.CSafeLoader),
        schema=yaml.load((DATA / "values.schema.yaml").read_text(), yaml.CSafeLoader),
    )
