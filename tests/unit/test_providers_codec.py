"""What the engine sends and gets: nothing secret loses its mark, nothing unknown becomes a value."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from embedded.providers.codec import (
    SECRET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWNS,
    Asset,
    Secret,
    Unknown,
    bare,
    decode,
    encode,
    has,
    keep_secrets,
    keep_unknowns,
)

SCALARS = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS.filter(lambda value: value not in UNKNOWNS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | inner.map(Secret)
    ),
    max_leaves=12,
)


def flat(value: object) -> object:
    """One secret mark around another says no more than one."""
    if isinstance(value, Secret):
        inner = flat(value.value)
        return inner if isinstance(inner, Secret) else Secret(inner)
    if isinstance(value, dict):
        return {key: flat(item) for key, item in value.items()}
    return [flat(item) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_what_is_sent_comes_back_the_same(properties: dict[str, object]) -> None:
    assert decode(encode(properties)) == flat(properties)


def test_whole_numbers_arrive_as_int_because_the_api_server_takes_no_1_0() -> None:
    replicas = decode(encode({"replicas": 3, "share": 0.5}))
    assert replicas == {"replicas": 3, "share": 0.5}
    assert isinstance(replicas["replicas"], int)


@pytest.mark.parametrize("mark", sorted(UNKNOWNS))
def test_every_mark_of_an_unknown_value_is_known(mark: str) -> None:
    assert decode(encode({"a": [mark]}))["a"] == [UNKNOWN]
    assert has(decode(encode({"a": [mark]})), Unknown)


def test_a_secret_has_the_protocols_signature_on_the_wire_and_shows_nothing_when_printed() -> None:
    wire = MessageToDict(encode({"a": Secret("hidden")}))
    assert wire == {"a": {SIGNATURE: SECRET, "value": "hidden"}}
    assert "hidden" not in repr(Secret("hidden"))


def test_an_engine_that_takes_no_secrets_gets_bare_values_at_every_depth() -> None:
    assert MessageToDict(encode({"a": {"b": [Secret({"c": Secret("x")})]}}, secrets=False)) == {
        "a": {"b": [{"c": "x"}]}
    }


def test_assets_come_back_as_assets() -> None:
    given_ = {"files": [Asset(text="a: 1"), Asset(path="values.yaml")]}
    assert decode(encode(given_)) == given_


def test_an_asset_behind_a_uri_is_refused_not_fetched() -> None:
    with pytest.raises(ValueError, match="give a file"):
        Asset(uri="https://example.org/values.yaml").read()


def test_secretness_follows_the_inputs_leaf_by_leaf_but_hides_lists_whole() -> None:
    outs = {"a": {"b": "x", "c": "y"}, "list": [1, 2], "new": "z"}
    marked = keep_secrets(outs, {"a": {"b": Secret("x"), "c": "y"}, "list": [1, Secret(2)]})
    assert marked == {"a": {"b": Secret("x"), "c": "y"}, "list": Secret([1, 2]), "new": "z"}


def test_a_secret_object_hides_all_that_came_back_for_it() -> None:
    assert keep_secrets({"a": {"b": 1}}, {"a": Secret({"b": 1})}) == {"a": Secret({"b": 1})}


def test_unknown_parts_stay_unknown_in_what_comes_back() -> None:
    outs = {"a": {"b": None, "c": 1}, "list": [1, 2, 3]}
    given_ = {"a": {"b": UNKNOWN}, "list": [1, Secret(UNKNOWN)]}
    assert keep_unknowns(outs, given_) == {"a": {"b": UNKNOWN, "c": 1}, "list": [1, UNKNOWN, 3]}


@given(VALUES)
def test_bare_values_hold_no_secret(value: object) -> None:
    assert not has(bare(value), Secret)
