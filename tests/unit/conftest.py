"""What several modules of the unit tests share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import yaml
from pulumi.runtime import mocks, sync_await

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
def _loops() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Make loops that are closed at the end: Pulumi and its mocks make one in each thread, and close none.

    Python would warn of them in whatever test runs when they are collected, and fail that one.
    """
    made: list[asyncio.AbstractEventLoop] = []

    def ensure() -> asyncio.AbstractEventLoop:
        with suppress(RuntimeError):
            return asyncio.get_event_loop_policy().get_event_loop()
        made.append(asyncio.new_event_loop())
        asyncio.set_event_loop(made[-1])
        return made[-1]

    with pytest.MonkeyPatch.context() as patched:
        for module in (mocks, sync_await):
            patched.setattr(module, "_ensure_event_loop", ensure)
        made.append(asyncio.new_event_loop())
        yield lambda: made[0]
    for loop in made:
        loop.close()


@pytest.fixture(autouse=True)
def _pulumi_finds_a_loop(_loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Give the same loop to every test, whichever ran before: `asyncio.run` leaves a thread without one."""
    asyncio.set_event_loop(_loops())


@pytest.fixture(scope="session")
def real_chart() -> Archive:
    if not DATA.is_dir():
        pytest.skip("the published schema of chart 4.4.0 does not lie beside this checkout")
    return Archive(
        version="4.4.0",
        defaults=yaml.load((DATA / "values.yaml").read_text(), yaml.CSafeLoader),
        schema=yaml.load((DATA / "values.schema.yaml").read_text(), yaml.CSafeLoader),
    )
