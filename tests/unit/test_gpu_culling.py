"""Which servers the culler of GPU servers stops."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from tests.unit.documents import PROJECT

sys.path.insert(0, str(PROJECT / "files" / "hub"))
from gpu_culling import UNCHOSEN, due

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IDLE, BUSY = "2026-11-22T11:00:00.000000Z", "2026-11-22T11:59:00.000000Z"


@pytest.mark.parametrize(
    ("profile", "last", "more", "stopped"),
    [
        ("gpu-large", IDLE, {}, True),
        ("gpu-large", BUSY, {}, False),
        ("cpu-only", IDLE, {}, False),
        ("gpu-large", IDLE, {"pending": "stop"}, False),
        ("gpu-large", IDLE, {"ready": False}, False),
        (None, IDLE, {}, False),
    ],
)
def test_only_an_idle_server_with_a_gpu_is_due(
    profile: str | None, last: str, more: dict[str, object], stopped: bool
) -> None:
    server = {"user_options": {"profile": profile}, "last_activity": last, "ready": True, "pending": None}
    found = list(due({"servers": {"": {**server, **more}}}, {"gpu-large"}, 1800, NOW))
    assert found == ([""] if stopped else [])


def test_a_server_without_a_choice_has_the_default() -> None:
    server = {"user_options": None, "last_activity": None, "started": IDLE, "ready": True}
    assert list(due({"servers": {"a": server}}, {UNCHOSEN}, 1800, NOW)) == ["a"]
