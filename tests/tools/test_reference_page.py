"""The page of all settings is current. No fast test: it builds every stack's values 1600 times."""

from __future__ import annotations

from ops.reference import PLACE, render


def test_the_page_is_current() -> None:
    assert PLACE.read_text() == render(), "remake it: make docs"
