"""What no component makes yet is said, and never left out silently."""

from __future__ import annotations

import pytest

from components.limits import findings
from tests.unit.documents import STACKS, settings_of


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stacks_lack_backups_and_nothing_else(stack: str) -> None:
    expected = [("settings.storage.snapshotClass", "note")] if stack.startswith("aiv-") else []
    assert [(one.path, one.severity) for one in findings(settings_of(stack))] == expected
