"""The reference of all settings is whole, and says what really changes."""

from __future__ import annotations

import pytest

from ops.effects import Effects
from ops.fields import Field, Fields
from ops.reference import OBJECTS

FIELDS = Fields()
EVERY = [field for section in FIELDS.sections for field in FIELDS.of_section(section)] + FIELDS.of_reach()


@pytest.fixture(scope="module")
def effects() -> Effects:
    return Effects.of_committed_stacks()


def field(place: str, choice: str = "") -> Field:
    return next(one for one in EVERY if one.place == place and one.choice == choice)


def test_every_section_says_what_it_makes_beside_the_release() -> None:
    assert list(OBJECTS) == list(FIELDS.sections)


@pytest.mark.parametrize("one", EVERY, ids=[f"{one.place}-{one.choice}" for one in EVERY])
def test_every_field_says_what_it_is(one: Field) -> None:
    assert one.meaning
    assert one.form


@pytest.mark.parametrize(
    ("place", "choice", "changed"),
    [
        (
            "culling.idle",
            "",
            (
                "cull.timeout",
                "hub.templateVars.culling",
                "singleuser.extraEnv.SERVER_ENDS_AFTER",
                "singleuser.profileList",
            ),
        ),
        ("storage.homes.size", "", ("custom.capabilities.home", "singleuser.storage.capacity")),
        ("hub.limits.activeServers", "", ("hub.activeServerLimit",)),
        ("profiles[].memory.limit", "", ("singleuser.memory.limit", "singleuser.profileList")),
        ("protection.protect", "", ()),
    ],
)
def test_a_field_changes_these_values(
    place: str, choice: str, changed: tuple[str, ...], effects: Effects
) -> None:
    assert effects.of(field(place, choice)) == changed
