"""Inputs in the one form the API server gives them back, so that equal things show no difference."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from embedded.providers.codec import Properties, Unknown, Value, bare, has
from embedded.providers.kube.quantity import canonical

READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
_AMOUNTS = frozenset(
    {"limits", "requests", "hard", "capacity", "max", "min", "default", "defaultRequest", "overhead"}
)
_DASHED = {
    name.replace("-", "_"): name
    for name in (
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    )
}
_UNDERSCORED = {dashed: name for name, dashed in _DASHED.items()}


def normalized(inputs: Properties) -> Properties:
    """Write an object as the server would, without secretness and without what only the server sets."""
    obj = to_object(bare(inputs))
    if has(obj, Unknown):
        return _without_read_only(obj)
    if is_kind(obj, "v1", "Secret"):
        _secret(obj)
    elif obj.get("kind") == "CustomResourceDefinition":
        _definition(obj)
    elif is_built_in(obj):
        obj = _amounts(obj)
    return _without_read_only(obj)


def is_kind(obj: Mapping[str, Value], api_version: str, kind: str) -> bool:
    """Whether an object is of this kind."""
    return obj.get("apiVersion") == api_version and obj.get("kind") == kind


def is_built_in(obj: Mapping[str, Value]) -> bool:
    """Whether the API server itself defines this kind: only there does it rewrite amounts."""
    group, slash, _ = str(obj.get("apiVersion") or "").partition("/")
    return not slash or "." not in group or group.endswith(".k8s.io")


def _without_read_only(obj: Properties) -> Properties:
    place = obj.get("metadata")
    if isinstance(place, dict):
        for name in READ_ONLY:
            place.pop(name, None)
    return obj


def _secret(obj: Properties) -> None:
    """The server keeps stringData as base64 in data, and writes base64 its own way."""
    data = dict(obj.get("data") or {})
    for key, value in data.items():
        try:
            data[key] = _base64(base64.b64decode(str(value), validate=False))
        except binascii.Error:
            data[key] = value  # the server will say what is wrong with it
    plain = obj.pop("stringData", None)
    if plain:
        data |= {key: _base64(str(value).encode()) for key, value in plain.items()}
    if data or "data" in obj:
        obj["data"] = data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _definition(obj: Properties) -> None:
    obj.pop("status", None)
    spec = obj.get("spec")
    if isinstance(spec, dict) and spec.get("preserveUnknownFields") is False:
        del spec["preserveUnknownFields"]


def _amounts(value: Value, key: str = "") -> Value:
    if isinstance(value, dict):
        if key in _AMOUNTS and all(isinstance(item, str | int | float) for item in value.values()):
            return {name: canonical(item) for name, item in value.items()}
        return {name: _amounts(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_amounts(item) for item in value]
    return canonical(value) if key == "sizeLimit" and value is not None else value


def to_object(properties: Value) -> Value:
    """Write the names of an object's fields as Kubernetes does (x_kubernetes_... is x-kubernetes-...)."""
    return _renamed(properties, _DASHED)


def to_properties(obj: Value) -> Value:
    """Write them as the engine's SDKs do."""
    return _renamed(obj, _UNDERSCORED)


def _renamed(value: Value, names: Mapping[str, str]) -> Value:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value


# Fields where false or 0 says something else than nothing: when these are gone from the live object,
# somebody took them away.
_MEANINGFUL_ZEROES = frozenset(
    {
        "allowPrivilegeEscalation",
        "automountServiceAccountToken",
        "backoffLimit",
        "enableServiceLinks",
        "fsGroup",
        "replicas",
        "runAsGroup",
        "runAsUser",
        "terminationGracePeriodSeconds",
        "ttlSecondsAfterFinished",
    }
)


def pruned(live: Value, asked: Value) -> Value:
    """Keep of a live object what was asked for: the rest is the cluster's own business.

    An empty list, false or zero that was asked for and that the server left out (it drops what equals the
    default of its type) counts as there.
    """
    if isinstance(live, dict) and isinstance(asked, dict):
        kept = {key: pruned(value, asked[key]) for key, value in live.items() if key in asked}
        left_out = {
            key: value
            for key, value in asked.items()
            if key not in live and _is_zero(value) and key not in _MEANINGFUL_ZEROES
        }
        return {**kept, **left_out}
    if isinstance(live, list) and isinstance(asked, list):
        return [pruned(item, want) for item, want in zip(live, asked, strict=False)]
    return live


def _is_zero(value: Value) -> bool:
    return value is not None and (value == "" or value == 0 or value == [] or value == {})
