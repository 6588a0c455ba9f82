"""docs/services-tried.md as it is committed: about the services of today's settings, nothing wrong in it."""

from __future__ import annotations

import re

import pytest

from settings.services import for_users, name_of
from tests.e2e.services_page import PAGE, programs
from tests.e2e.services_rows import DROPPED, OPEN, STUBS, services
from tests.unit.documents import settings_of

SETTINGS = settings_of("carbon254")
KINDS = [service.kind for service in for_users(SETTINGS.services)]


def part(name: str) -> list[list[str]]:
    """Read a table of the page, without its head."""
    _, _, rest = PAGE.read_text().partition(f"<!-- {name} -->\n")
    text, _, _ = rest.partition(f"<!-- end of {name} -->")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_every_service_s_example_has_a_line_with_what_ran() -> None:
    assert {row[0]: row[1] for row in part("what ran")} == programs()
    assert {row[0] for row in part("what ran")} == set(KINDS)
    assert {row[-1] for row in part("what ran") if row[0] not in STUBS} <= {"yes", "**no**"}


@pytest.mark.parametrize("kind", STUBS)
def test_a_stub_is_called_one_in_both_tables(kind: str) -> None:
    assert "a stub" in programs()[kind]
    assert [row for row in part("targets") if row[0] == STUBS[kind]]
    assert [row[-1] for row in part("what ran") if row[0] == kind] == ["a stub's answer"]


def test_every_service_has_a_line_at_the_address_of_the_settings() -> None:
    there = {(row[0], row[1]) for row in part("targets")}
    names = [name_of(service) for service in for_users(SETTINGS.services)]
    assert {(row.what, row.place) for row in services(SETTINGS, names)} <= there


def test_both_people_tried_25_places_and_more_and_each_ended_as_expected() -> None:
    rows = part("targets")
    for expected, observed in ((2, 3), (4, 5)):
        tried = [row for row in rows if row[expected] != "-"]
        assert len(tried) >= 25
        assert {row[expected] for row in tried} == {OPEN, DROPPED}
        assert [row for row in tried if row[expected] != row[observed]] == []


def test_the_page_names_no_address_of_a_machine() -> None:
    # Pods have others each time; the API server's is the same in every cluster that is made like this one.
    found = set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", PAGE.read_text()))
    assert found <= {"10.96.0.1"}
