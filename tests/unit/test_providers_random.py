"""Random values: each algorithm keeps its promises, and only a changed input makes a new value."""

from __future__ import annotations

import base64
import string
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.providers.codec import UNKNOWN, Secret, bare
from embedded.providers.errors import ProviderError
from embedded.providers.lifecycle import Autoname, Urn
from embedded.providers.random import generate
from embedded.providers.random.kinds import KINDS
from embedded.providers.random.plugin import RandomPlugin

URN = Urn("urn:pulumi:s::p::random:index/randomPassword:RandomPassword::password")
Made = dict[str, Any]


def type_of(name: str) -> str:
    return next(type_ for type_ in KINDS if type_.endswith(f":{name}"))


def make(name: str, **inputs: Any) -> tuple[str, Made]:  # noqa: ANN401
    handler = RandomPlugin().handler(type_of(name))
    checked = handler.check(URN, {}, inputs, Autoname())
    assert not checked.failures
    return handler.create(URN, dict(checked.inputs), 0, preview=False)


LEAST = st.integers(0, 3)


@settings(max_examples=40, deadline=None)
@given(length=st.integers(12, 60), lower=LEAST, upper=LEAST, numeric=LEAST, special=LEAST)
def test_a_text_has_its_length_its_minimums_and_no_other_character(
    length: int, lower: int, upper: int, numeric: int, special: int
) -> None:
    inputs = {"minLower": lower, "minUpper": upper, "minNumeric": numeric, "minSpecial": special}
    result = generate.text(length, generate.character_classes({**inputs, "overrideSpecial": "_%@"}))
    assert len(result) == length
    assert set(result) <= set(string.ascii_letters + string.digits + "_%@")
    assert sum(c.islower() for c in result) >= lower
    assert sum(c.isupper() for c in result) >= upper
    assert sum(c.isdigit() for c in result) >= numeric
    assert sum(c in "_%@" for c in result) >= special


def test_a_class_that_is_switched_off_does_not_appear() -> None:
    _, made = make("RandomString", length=400, special=False, upper=False, numeric=False)
    assert set(made["result"]) <= set(string.ascii_lowercase)


def test_minimums_are_not_always_at_the_front() -> None:
    firsts = {
        generate.text(20, generate.character_classes({"minSpecial": 1, "overrideSpecial": "!"}))[0]
        for _ in range(60)
    }
    assert firsts != {"!"}


def test_a_password_and_its_hash_are_secret_and_its_id_tells_nothing() -> None:
    id_, made = make("RandomPassword", length=24)
    assert id_ == "none"
    assert isinstance(made["result"], Secret)
    assert isinstance(made["bcryptHash"], Secret)
    assert {made["lower"], made["upper"], made["numeric"], made["number"], made["special"]} == {True}


def test_the_hash_verifies_the_password() -> None:
    import ctypes
    import ctypes.util

    hashed = generate.bcrypt("correct horse")
    assert hashed.startswith("$2a$10$")
    crypt = ctypes.CDLL(ctypes.util.find_library("crypt")).crypt
    crypt.restype = ctypes.c_char_p
    assert crypt(b"correct horse", hashed.encode()).decode() == hashed
    assert crypt(b"another", hashed.encode()).decode() != hashed


def test_bytes_are_the_same_in_base64_and_hex_and_secret() -> None:
    id_, made = make("RandomBytes", length=32)
    plain = bare(made)
    assert base64.b64decode(plain["base64"]) == bytes.fromhex(plain["hex"])
    assert len(bytes.fromhex(plain["hex"])) == 32
    assert id_ == plain["base64"]
    assert isinstance(made["hex"], Secret)


def test_an_id_is_the_same_number_in_every_notation_with_its_prefix() -> None:
    id_, made = make("RandomId", byteLength=8, prefix="p-")
    data = bytes.fromhex(made["hex"].removeprefix("p-"))
    assert made["dec"] == f"p-{int.from_bytes(data, 'big')}"
    assert made["b64Url"] == f"p-{id_}"
    assert generate.padded(id_) == data


def test_integers_reach_both_ends() -> None:
    assert {make("RandomInteger", min=3, max=4)[1]["result"] for _ in range(60)} == {3, 4}


def test_a_uuid_is_one() -> None:
    id_, made = make("RandomUuid")
    assert uuid.UUID(made["result"]).version == 4
    assert id_ == made["result"]


def test_two_values_differ() -> None:
    assert make("RandomBytes", length=16)[0] != make("RandomBytes", length=16)[0]


BAD: list[tuple[str, Made, str]] = [
    ("RandomPassword", {}, "length"),
    ("RandomPassword", {"length": 0}, "length"),
    ("RandomPassword", {"length": 3, "minLower": 2, "minUpper": 2}, "length"),
    (
        "RandomPassword",
        {"length": 3, "lower": False, "upper": False, "numeric": False, "special": False},
        "length",
    ),
    ("RandomPassword", {"length": 3, "numeric": True, "number": False}, "number"),
    ("RandomBytes", {"length": "x"}, "length"),
    ("RandomBytes", {"length": 4, "size": 4}, "size"),
    ("RandomInteger", {"min": 4, "max": 3}, "min"),
    ("RandomInteger", {"min": 1, "max": 3, "seed": "s"}, "seed"),
]


@pytest.mark.parametrize(("name", "inputs", "property_"), BAD)
def test_bad_inputs_are_refused_by_property(name: str, inputs: Made, property_: str) -> None:
    failures = RandomPlugin().handler(type_of(name)).check(URN, {}, inputs, Autoname()).failures
    assert [found for found, _ in failures] == [property_]


def test_a_length_not_known_yet_is_not_judged() -> None:
    handler = RandomPlugin().handler(type_of("RandomPassword"))
    assert not handler.check(URN, {}, {"length": UNKNOWN}, Autoname()).failures


def test_only_a_changed_input_makes_a_new_value() -> None:
    handler = RandomPlugin().handler(type_of("RandomPassword"))
    _, state = make("RandomPassword", length=20, keepers={"generation": "1"})
    old = {"length": 20, "keepers": {"generation": "1"}}
    assert not handler.diff(URN, state, old, old, []).changes
    found = handler.diff(URN, state, old, {"length": 20, "keepers": {"generation": "2"}}, []).changes
    assert [(one.text, one.replaces) for one in found] == [("keepers.generation", True)]
    assert not handler.diff(URN, state, old, {**old, "length": 21}, ["length"]).changes


def test_a_preview_makes_nothing() -> None:
    id_, made = RandomPlugin().handler(type_of("RandomBytes")).create(URN, {"length": 4}, 0, preview=True)
    assert id_ == ""
    assert made["hex"] is UNKNOWN


IMPORTS = [
    ("RandomBytes", "8/fu3q+2DcgSJ19i0jZ5Cw==", "hex", "f3f7eedeafb60dc812275f62d236790b"),
    ("RandomPassword", "sesame", "result", "sesame"),
    ("RandomString", "sesame", "result", "sesame"),
    ("RandomId", "my-,p-9hUg", "hex", "my-a7ef61 52".replace(" ", "")),
    ("RandomInteger", "15390,1,50000", "result", 15390),
    ("RandomUuid", "aabbccdd-eeff-0011-2233-445566778899", "result", "aabbccdd-eeff-0011-2233-445566778899"),
]


@pytest.mark.parametrize(("name", "id_", "property_", "value"), IMPORTS)
def test_an_existing_value_can_be_imported(name: str, id_: str, property_: str, value: object) -> None:
    live = RandomPlugin().handler(type_of(name)).read(URN, id_, {}, {})
    assert bare(live.state)[property_] == value
    if name == "RandomPassword":
        assert live.id == "none"  # an id is never secret


def test_nonsense_cannot_be_imported() -> None:
    with pytest.raises(ProviderError, match="cannot be imported"):
        RandomPlugin().handler(type_of("RandomUuid")).read(URN, "nonsense", {}, {})


def test_an_unknown_type_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ProviderError, match="RandomPassword"):
        RandomPlugin().handler("random:index/randomShuffle:RandomShuffle")
