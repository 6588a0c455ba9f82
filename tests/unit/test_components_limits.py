"""What no component makes yet is said, and never left out silently."""

from __future__ import annotations

import pytest

from components.limits import findings
from tests.unit.documents import STACKS, settings_of


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stacks_lack_backups_and_nothing_else(stack: str) -> None:
    snapshots = settings_of(stack).storage.snapshot_class
    expected = [("settings.storage.snapshotClass", "note")] if snapshots else []
    assert [(one.path, one.severity) for one in findings(settings_of(stack))] == expected


@pytest.mark.parametrize("stack", ["aiv-prod", "aiv-staging"])
def test_the_company_has_a_class_for_snapshots(stack: str) -> None:
    assert settings_of(stack).storage.snapshot_class == "ceph-rbd-snapshots"
