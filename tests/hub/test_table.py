"""Who gets in and who does not, row by row, at the real hub with the real authenticators."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.cases import AT_PROVIDER, LATER, THEN, Case, Provider, auth_of
from tests.hub.cases_entra import entra
from tests.hub.cases_others import cloudflare, github
from tests.hub.cases_run import Row, kept, rows, sentences, table, write
from tests.hub.cases_world import Changed, World, hub_of, running_world, spilled

CASES: dict[Provider, list[Case]] = {
    "entra": list(entra()),
    "github": list(github()),
    "cloudflare": list(cloudflare()),
}
ALL = [case for cases in CASES.values() for case in cases]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("world"), ALL) as running:
        yield running


@pytest.fixture(scope="module")
def found(world: World) -> list[Row]:
    """The whole table, once."""
    seen: list[Row] = []
    for provider, name in dict.fromkeys((case.provider, case.hub) for case in ALL):
        changed = Changed({"auth": auth_of(provider, name)}, then=THEN.get(name, ""))
        mine = [case for case in ALL if (case.provider, case.hub) == (provider, name)]
        with hub_of(world, provider, changed) as hub:
            seen += rows(world, hub, mine[:1])
            world.say({"everybody": LATER.get(name, {})})
            seen += rows(world, hub, mine[1:])
            world.say({"everybody": {}})
    write("table", table(seen))
    return seen


def test_each_row_has_a_person_of_its_own() -> None:
    people = [(case.provider, case.person) for case in ALL]
    assert len(people) == len(set(people))
    assert len(people) >= 80


def test_nobody_gets_in_who_should_not(found: list[Row]) -> None:
    assert not [str(row) for row in found if row.hole]


def test_everybody_gets_in_who_should(found: list[Row]) -> None:
    assert not [str(row) for row in found if row.case.expected.name and not row.right]


def test_no_secret_is_on_a_page_or_in_a_log(world: World, found: list[Row]) -> None:
    assert found
    assert world.pages
    assert spilled(world) == []


def test_a_secret_would_be_found(world: World, found: list[Row]) -> None:
    for secret in (world.issued[0], next(iter(world.cookies)), next(iter(world.passwords.values()))):
        world.pages.append(f"<p>{secret}</p>")
        assert spilled(world)
        world.pages.pop()


def test_each_refusal_says_why(found: list[Row]) -> None:
    refused = [row for row in found if not row.case.expected.name]
    assert not [str(row) for row in refused if not row.right]
    # At the provider it is the provider's page that says why.
    mine = [row for row in refused if row.observed.reason not in ("", AT_PROVIDER)]
    assert not [str(row) for row in mine if not row.said.endswith(".")]


def test_the_page_shows_what_was_seen(found: list[Row]) -> None:
    again = "reviewed? then UPDATE_GOLDEN=1 and this file remake it"
    assert kept("cases", table(found)) == "\n".join([*table(found), ""]), again
    assert kept("sentences", sentences(found)) == "\n".join([*sentences(found), ""]), again
