"""The search for secrets by their values finds each that was put somewhere on purpose, in whatever form."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, urlencode

import pytest

from tests.e2e.secret_search import found, unpacked

# One is as a token is, of every kind of character; it is fixed, since its test has its name by it.
VALUES = ["9f3a" * 16, "p+w/d=é&x\"y'z 12", "qT-4_hX9vLw2RkZ0bN7mYc5sJd8fGa1e", "eyJhIjoiYiJ9.e30.c2ln"]
Put = Callable[[str], str]


def _in_base64(before: str, after: str, value: str) -> str:
    return base64.b64encode(f"{before}{value}{after}".encode()).decode()


WAYS: dict[str, Put] = {
    "plain": lambda value: f"password={value};",
    "in JSON": lambda value: json.dumps({"token": value}),
    "in JSON within JSON": lambda value: json.dumps({"inner": json.dumps({"token": value})}),
    "in an address": lambda value: f"https://hub.example/callback?{urlencode({'code': value})}&x=1",
    "in a path": lambda value: f"/api/tokens/{quote(value)}",
    "in a path, all escaped": lambda value: f"/api/tokens/{quote(value, safe='')}/x",
    "in hexadecimal": lambda value: f"Secret <{value.encode().hex()}>",
    "in base64 for addresses": lambda value: base64.urlsafe_b64encode(f"x{value}?>".encode()).decode(),
}

for before in ("", "u", "u:", "u:p"):
    for after in ("", "\n", "::"):
        WAYS[f"in base64, after {before!r}, before {after!r}"] = partial(_in_base64, before, after)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", VALUES)
def test_a_planted_secret_is_found_and_not_told(value: str, way: str) -> None:
    places = {"a log": WAYS[way](value).encode(), "another": b"nothing to see"}
    said = found({"token": value, "another secret": "it is not here"}, places)
    assert said == ["a log: token"]
    assert value not in str(said)


@pytest.mark.parametrize("way", WAYS)
def test_what_only_looks_like_it_is_not_found(way: str) -> None:
    value = "0123456789abcdef"
    assert found({"token": value}, {"a log": WAYS[way](value[:-1] + "0").encode()}) == []


def test_a_key_is_known_by_any_of_its_lines() -> None:
    lines = [secrets.token_hex(32) for _ in range(3)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
    assert found({"key": key}, {"a log": f"read {lines[1]}".encode()}) == ["a log: key"]
    assert found({"key": key}, {"a log": b"-----BEGIN PRIVATE KEY-----"}) == []


def test_a_release_of_helm_is_searched_as_it_was_before_it_was_packed() -> None:
    record = json.dumps({"config": {"token": VALUES[0]}}).encode()
    packed = base64.b64encode(gzip.compress(record))
    assert found({"token": VALUES[0]}, {"a release": base64.b64encode(packed)}) == []
    for twice in (packed, base64.b64encode(packed)):
        assert found({"token": VALUES[0]}, {"a release": unpacked(twice.decode())}) == ["a release: token"]


def test_what_is_too_short_to_be_known_again_is_refused() -> None:
    with pytest.raises(AssertionError, match="too short"):
        found({"token": "1234567"}, {})
