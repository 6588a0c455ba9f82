"""The engine's wire values (google.protobuf.Struct) as Python values and back.

Owns the three things a Struct cannot say by itself: secrets, values not known yet, and assets. They travel
as objects or strings with well-known signatures of the Pulumi protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct
from google.protobuf.struct_pb2 import Value as Wire

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's signature, no secret
ASSET = "c44067f5952c0a294b673a41bacd8c17"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)

Value = Any
Properties = dict[str, Value]


@dataclass(frozen=True)
class Secret:
    """A value that must stay secret in the state."""

    value: Value

    def __repr__(self) -> str:
        return "Secret([secret])"


class Unknown:
    """A value that only exists once something else is created."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Asset:
    """A file or text given as pulumi.FileAsset or pulumi.StringAsset."""

    text: str | None = None
    path: str | None = None
    uri: str | None = None

    def read(self) -> str:
        """Return the text; only what is at hand is read, nothing is fetched from a URI."""
        if self.path:
            return Path(self.path).read_text(encoding="utf-8")
        if self.uri and not self.text:
            raise ValueError(f"an asset at {self.uri} is not read by the embedded provider: give a file")
        return self.text or ""


def decode(struct: Struct | None) -> Properties:
    """Turn an engine message into Python values; whole numbers become int, as Kubernetes wants them."""
    if struct is None:
        return {}
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(wire: Wire) -> Value:
    kind = wire.WhichOneof("kind")
    if kind == "string_value":
        text: str = wire.string_value
        return UNKNOWN if text in UNKNOWNS else text
    if kind == "number_value":
        number: float = wire.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return bool(wire.bool_value)
    if kind == "list_value":
        return [_decode(item) for item in wire.list_value.values]
    if kind == "struct_value":
        return _special(wire.struct_value)
    return None


def _special(struct: Struct) -> Value:
    plain = {key: _decode(value) for key, value in struct.fields.items()}
    signature = plain.get(SIGNATURE)
    reader = _READERS.get(signature) if isinstance(signature, str) else None
    return reader(plain) if reader else plain


def _asset(plain: Mapping[str, Value]) -> Asset:
    return Asset(text=plain.get("text"), path=plain.get("path"), uri=plain.get("uri"))


def _output(plain: Mapping[str, Value]) -> Value:
    value = plain.get("value", UNKNOWN)
    return secret(value) if plain.get("secret") else value


_READERS: dict[str, Callable[[Mapping[str, Value]], Value]] = {
    SECRET: lambda plain: secret(plain.get("value")),
    ASSET: _asset,
    OUTPUT: _output,
    RESOURCE: lambda plain: plain.get("id", plain.get("urn")),
}


def encode(properties: Mapping[str, Value], *, secrets: bool = True) -> Struct:
    """Turn Python values into an engine message; without `secrets` the engine gets the bare values."""
    struct = Struct()
    for key, value in properties.items():
        struct.fields[key].CopyFrom(_encode(value, secrets))
    return struct


def _encode(value: Value, secrets: bool) -> Wire:
    if isinstance(value, Secret):
        if not secrets:
            return _encode(value.value, secrets)
        return Wire(struct_value=encode({SIGNATURE: SECRET, "value": value.value}))
    if isinstance(value, Mapping):
        return Wire(struct_value=encode(value, secrets=secrets))
    if isinstance(value, list | tuple):
        return Wire(list_value=ListValue(values=[_encode(item, secrets) for item in value]))
    return _encode_scalar(value)


def _encode_scalar(value: Value) -> Wire:
    if value is None:
        return Wire(null_value=NullValue.NULL_VALUE)
    if isinstance(value, bool):
        return Wire(bool_value=value)
    if isinstance(value, int | float):
        return Wire(number_value=value)
    if isinstance(value, Unknown):
        return Wire(string_value=UNKNOWN_STRING)
    if isinstance(value, Asset):
        known = {"text": value.text, "path": value.path, "uri": value.uri}
        return Wire(struct_value=encode({SIGNATURE: ASSET, **{k: v for k, v in known.items() if v}}))
    return Wire(string_value=str(value))


def secret(value: Value) -> Value:
    """Mark as secret, once."""
    return value if isinstance(value, Secret) else Secret(value)


def bare(value: Value) -> Value:
    """Strip secretness at every depth; the result shares nothing with the input."""
    if isinstance(value, Secret):
        return bare(value.value)
    if isinstance(value, Mapping):
        return {key: bare(item) for key, item in value.items()}
    if isinstance(value, list):
        return [bare(item) for item in value]
    return value


def has(value: Value, kind: type) -> bool:
    """Whether a value of this kind (Secret, Unknown, Asset) is somewhere inside."""
    if isinstance(value, kind):
        return True
    if isinstance(value, Secret):
        return has(value.value, kind)
    if isinstance(value, Mapping):
        return any(has(item, kind) for item in value.values())
    return isinstance(value, list) and any(has(item, kind) for item in value)


def keep_secrets(outs: Properties, ins: Mapping[str, Value]) -> Properties:
    """Carry the secretness of inputs over to the values that came back for them.

    Objects are walked so that one secret does not hide a whole object; a list with a secret inside becomes
    secret as a whole, because servers reorder lists.
    """
    for key, given in ins.items():
        if key not in outs or isinstance(outs[key], Secret):
            continue
        if isinstance(outs[key], dict) and isinstance(given, Mapping):
            keep_secrets(outs[key], given)
        elif has(given, Secret):
            outs[key] = Secret(outs[key])
    return outs


def keep_unknowns(out: Value, given: Value) -> Value:
    """Carry over which parts of the inputs are not known yet."""
    if isinstance(given, Secret):
        return keep_unknowns(out, given.value)
    if isinstance(given, Unknown):
        return UNKNOWN
    if isinstance(out, dict) and isinstance(given, Mapping):
        return {key: keep_unknowns(item, given[key]) if key in given else item for key, item in out.items()}
    if isinstance(out, list) and isinstance(given, list):
        pairs = zip(out, given, strict=False)
        return [keep_unknowns(item, one) for item, one in pairs] + out[len(given) :]
    return out
