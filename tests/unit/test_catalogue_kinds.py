"""Which values a setting takes: the edges of each kind; tests/tools asks the packages themselves."""

from __future__ import annotations

import re

import pytest

from chart.catalogue import HERE, Trait
from chart.catalogue.kinds import expected, fits

UNITS = Trait(kind="bytes")
WORDS = Trait(kind="str")


@pytest.mark.parametrize(
    ("value", "trait", "taken"),
    [
        ("1G", UNITS, True),
        ("1.5K", UNITS, True),
        ("1Gi", UNITS, False),
        ("15", UNITS, False),
        ("", UNITS, False),
        (2**30, UNITS, True),
        ("x", Trait(kind="list", each=WORDS), True),
        ("x", Trait(kind="set"), True),
        ("x", Trait(kind="tuple"), False),
        ({"a": "x"}, Trait(kind="dict", each=Trait(kind="list", each=WORDS)), False),
        ([["x"]], Trait(kind="list"), True),
        ([["x"]], Trait(kind="set"), False),
        ([None], Trait(kind="list", each=WORDS), False),
        ("INFO", Trait(kind="caseless", values=("info",)), True),
        ("INFO", Trait(kind="enum", values=("info",)), False),
        (True, Trait(kind="enum", values=(1,)), False),
        ([], Trait(kind="command", least=1), False),
        ("x", Trait(kind="command", least=1), True),
        (None, Trait(kind="int"), False),
        (None, Trait(kind="int", none=True), True),
        (1, Trait(kind="float"), True),
        (1.5, Trait(kind="int"), False),
        (-1, Trait(kind="int", least=0), False),
    ],
)
def test_a_value_fits_a_kind_as_traitlets_has_it(value: object, trait: Trait, taken: bool) -> None:
    assert fits(value, trait) is taken


def test_every_kind_that_the_catalogue_has_is_judged_and_said() -> None:
    kinds_there = set(
        re.findall(r'"kind": "(\w+)"', "".join(place.read_text() for place in HERE.glob("*.json")))
    )
    for kind in kinds_there:
        trait = Trait(kind=kind, values=("a",) if kind in ("enum", "caseless") else (), either=(WORDS,))
        fits("x", trait)
        assert expected(trait)
