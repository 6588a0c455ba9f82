"""What the engine's state keeps of an object: the live object, the inputs it was made from, its manager."""

from __future__ import annotations

from collections.abc import Mapping

from embedded.providers.codec import Properties, Value, bare, keep_secrets, secret
from embedded.providers.kube.normalize import to_object, to_properties

INPUTS = "__inputs"
MANAGER = "__fieldManager"
API_VERSION = "__initialApiVersion"
OWN = (INPUTS, MANAGER, API_VERSION)


def hide(obj: Properties, inputs: Mapping[str, Value]) -> Properties:
    """Mark what must be secret: whatever was secret in the inputs, and all data of a Secret."""
    keep_secrets(obj, inputs)
    if bare(obj.get("kind")) == "Secret":
        for name in ("data", "stringData"):
            if name in obj:
                obj[name] = secret(obj[name])
    return obj


def checkpoint(asked: Properties, live: Properties, inputs: Mapping[str, Value], manager: str) -> Properties:
    """Write the state of an object; `inputs` say what is secret."""
    state = hide(to_properties(live), inputs)
    kept = hide(to_properties(asked), inputs)
    api_version = bare(inputs.get("apiVersion")) or live.get("apiVersion", "")
    return {**state, INPUTS: kept, API_VERSION: api_version, MANAGER: manager}


def parse(state: Properties) -> tuple[Properties, Properties]:
    """Read a state as what was asked for and the live object, both bare."""
    plain = to_object(bare(state))
    asked = plain.get(INPUTS) or {}
    return asked, {key: value for key, value in plain.items() if key not in OWN}
