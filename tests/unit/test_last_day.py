"""The last day of a shared password reaches the hub, and no other hub has one."""

from __future__ import annotations

import pytest

from chart.last_day import last_day
from tests.unit.documents import STACKS, committed, settings_of


@pytest.mark.parametrize("stack", STACKS)
def test_the_hub_knows_the_last_day_that_the_settings_name(stack: str) -> None:
    made = last_day(settings_of(stack))
    expires = committed(stack)["auth"].get("expires")
    assert made.get("custom", {}).get("lastDay") == expires
    assert ("last_day.py" in made.get("hub", {}).get("extraFiles", {})) is bool(expires)
