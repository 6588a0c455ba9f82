"""Our classes are what the values take them for: subclasses of those whose settings are checked."""

from __future__ import annotations

from importlib import import_module

import pytest

from chart.hubconfig import OURS
from chart.values import build
from tests.hub import fakes
from tests.unit.documents import settings_of

BY_IDENTITY = ("aiv-prod", "lab", "carbon254")


def test_each_reads_the_settings_of_the_class_that_the_catalogue_knows() -> None:
    assert fakes.HERE
    for path, base in OURS.items():
        module, _, name = path.partition(".")
        bases = [one.__name__ for one in getattr(import_module(module), name).__mro__]
        assert base in bases
        # What is ours comes first: it must not be passed by.
        assert bases.index("Leaving") < bases.index(base)


@pytest.mark.parametrize("stack", BY_IDENTITY)
def test_what_the_values_bring_are_settings_of_the_class(stack: str) -> None:
    made = fakes.authenticator(stack)
    given = build(settings_of(stack))["custom"]["signIn"]
    assert given.keys() <= made.class_traits(config=True).keys()
    assert {name: getattr(made, name) for name in given} == given
    assert made.client_secret == fakes.SECRET


@pytest.mark.parametrize("stack", BY_IDENTITY)
def test_nobody_gets_in_by_a_list_that_is_not_there(stack: str) -> None:
    made = fakes.authenticator(stack)
    assert not made.allow_all
    assert not made.allow_existing_users
    assert not made.allowed_users
    assert made.validate_server_cert
