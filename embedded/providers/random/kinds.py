"""What each resource of pulumi-random takes, makes, keeps secret and accepts as an import."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from embedded.providers.codec import Properties, Value
from embedded.providers.random import generate

Made = tuple[str, Properties]
Failures = list[tuple[str, str]]


def _no_failures(_: Mapping[str, Value]) -> Failures:
    return []


@dataclass(frozen=True)
class Kind:
    """One resource type; `make` returns its id and what is added to the inputs."""

    inputs: frozenset[str]
    make: Callable[[Mapping[str, Value]], Made]
    adopt: Callable[[str], Properties]
    outputs: tuple[str, ...]
    required: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    validate: Callable[[Mapping[str, Value]], Failures] = _no_failures


CHARACTERS = frozenset(
    {
        "keepers",
        "length",
        "lower",
        "minLower",
        "minNumeric",
        "minSpecial",
        "minUpper",
        "number",
        "numeric",
        "overrideSpecial",
        "special",
        "upper",
    }
)


def _text_defaults(inputs: Mapping[str, Value]) -> Properties:
    digits = inputs.get("numeric", inputs.get("number", True))
    flags = {name: inputs.get(name, True) for name in ("lower", "special", "upper")}
    least = {name: inputs.get(name) or 0 for name in ("minLower", "minNumeric", "minSpecial", "minUpper")}
    return {**flags, **least, "number": digits, "numeric": digits}


def _make_text(inputs: Mapping[str, Value]) -> str:
    return generate.text(inputs["length"], generate.character_classes(inputs))


def _text_failures(inputs: Mapping[str, Value]) -> Failures:
    length = inputs.get("length")
    if not isinstance(length, int) or length < 1:
        return [("length", f"length must be a whole number of at least 1, got {length!r}")]
    classes = generate.character_classes(inputs)
    least = sum(one.minimum for one in classes)
    if least > length:
        return [
            (
                "length",
                f"length must be at least {least}, the sum of minLower, minUpper, minNumeric, minSpecial",
            )
        ]
    if not any(one.wanted for one in classes):
        return [("length", "at least one of lower, upper, numeric, special must be true")]
    if inputs.get("numeric", True) != inputs.get("number", inputs.get("numeric", True)):
        return [("number", "number is the old name of numeric: give only numeric")]
    return []


def _make_password(inputs: Mapping[str, Value]) -> Made:
    result = _make_text(inputs)
    return "none", {**_text_defaults(inputs), "result": result, "bcryptHash": generate.bcrypt(result)}


def _make_string(inputs: Mapping[str, Value]) -> Made:
    result = _make_text(inputs)
    return result, {**_text_defaults(inputs), "result": result}


def _adopt_password(value: str) -> Properties:
    hashed = generate.bcrypt(value)
    return {"length": len(value), **_text_defaults({}), "result": value, "bcryptHash": hashed, "id": "none"}


def _adopt_string(value: str) -> Properties:
    return {"length": len(value), **_text_defaults({}), "result": value}


def _bytes(data: bytes) -> Properties:
    return {"length": len(data), "base64": base64.b64encode(data).decode(), "hex": data.hex()}


def _make_bytes(inputs: Mapping[str, Value]) -> Made:
    made = _bytes(secrets.token_bytes(inputs["length"]))
    return made["base64"], made


def _positive(name: str) -> Callable[[Mapping[str, Value]], Failures]:
    def validate(inputs: Mapping[str, Value]) -> Failures:
        value = inputs.get(name)
        good = isinstance(value, int) and value >= 1
        return [] if good else [(name, f"{name} must be a whole number of at least 1, got {value!r}")]

    return validate


def _id(data: bytes, prefix: str) -> Properties:
    return {
        "byteLength": len(data),
        "b64Url": prefix + generate.unpadded(data),
        "b64Std": prefix + base64.b64encode(data).decode(),
        "hex": prefix + data.hex(),
        "dec": prefix + str(int.from_bytes(data, "big")),
    }


def _make_id(inputs: Mapping[str, Value]) -> Made:
    data = secrets.token_bytes(inputs["byteLength"])
    return generate.unpadded(data), _id(data, inputs.get("prefix") or "")


def _adopt_id(value: str) -> Properties:
    prefix, _, text = value.rpartition(",")
    made = _id(generate.padded(text), prefix)
    return {**made, "prefix": prefix, "id": text} if prefix else made


def _make_uuid(_: Mapping[str, Value]) -> Made:
    made = str(uuid.uuid4())
    return made, {"result": made}


def _make_integer(inputs: Mapping[str, Value]) -> Made:
    low, high = inputs["min"], inputs["max"]
    result = low + secrets.randbelow(high - low + 1)
    return str(result), {"result": result}


def _integer_failures(inputs: Mapping[str, Value]) -> Failures:
    low, high = inputs.get("min"), inputs.get("max")
    if not isinstance(low, int) or not isinstance(high, int) or high < low:
        return [("min", f"min and max must be whole numbers with min <= max, got {low!r} and {high!r}")]
    if inputs.get("seed"):
        return [("seed", "a seed gives another number than the official provider's: leave it out")]
    return []


def _adopt_integer(value: str) -> Properties:
    result, low, high = (int(part) for part in value.split(",")[:3])
    return {"result": result, "min": low, "max": high, "id": str(result)}


_UUID = Kind(
    frozenset({"keepers"}), _make_uuid, lambda value: {"result": str(uuid.UUID(value))}, outputs=("result",)
)

KINDS: dict[str, Kind] = {
    "random:index/randomPassword:RandomPassword": Kind(
        CHARACTERS,
        _make_password,
        _adopt_password,
        outputs=("result", "bcryptHash"),
        required=("length",),
        secret=("result", "bcryptHash"),
        validate=_text_failures,
    ),
    "random:index/randomString:RandomString": Kind(
        CHARACTERS,
        _make_string,
        _adopt_string,
        outputs=("result",),
        required=("length",),
        validate=_text_failures,
    ),
    "random:index/randomBytes:RandomBytes": Kind(
        frozenset({"keepers", "length"}),
        _make_bytes,
        lambda value: _bytes(base64.b64decode(value, validate=True)),
        outputs=("base64", "hex"),
        required=("length",),
        secret=("base64", "hex"),
        validate=_positive("length"),
    ),
    "random:index/randomId:RandomId": Kind(
        frozenset({"keepers", "byteLength", "prefix"}),
        _make_id,
        _adopt_id,
        outputs=("b64Url", "b64Std", "hex", "dec"),
        required=("byteLength",),
        validate=_positive("byteLength"),
    ),
    "random:index/randomInteger:RandomInteger": Kind(
        frozenset({"keepers", "min", "max", "seed"}),
        _make_integer,
        _adopt_integer,
        outputs=("result",),
        required=("min", "max"),
        validate=_integer_failures,
    ),
    "random:index/randomUuid:RandomUuid": _UUID,
    "random:index/randomUuid4:RandomUuid4": _UUID,
}
