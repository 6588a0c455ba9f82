"""Names of objects: those the provider makes up, ids in the state, and who manages a field."""

from __future__ import annotations

import hashlib
import secrets

from embedded.providers.codec import Properties, Unknown, Value
from embedded.providers.errors import ProviderError
from embedded.providers.lifecycle import Autoname, Urn

AUTONAMED = "pulumi.com/autonamed"
SUFFIX_LENGTH = 8
MANAGER_PREFIX = "pulumi-kubernetes-"
CREATE_MANAGER = "pulumi-kubernetes"


def suffix(seed: bytes = b"") -> str:
    """Make eight hexadecimal digits: the same for the same seed of the engine, else random."""
    if not seed:
        return secrets.token_hex(SUFFIX_LENGTH // 2)
    return hashlib.sha256(seed).hexdigest()[:SUFFIX_LENGTH]


def metadata(obj: Properties) -> Properties:
    """Return metadata for writing; one that is not known yet is left alone."""
    found = obj.get("metadata")
    if found is None:
        found = obj["metadata"] = {}
    return found if isinstance(found, dict) else {}


def name_of(obj: Properties) -> Value:
    """Return the name, which may be unknown or missing."""
    found = obj.get("metadata")
    if isinstance(found, Unknown):
        return found
    return found.get("name") if isinstance(found, dict) else None


def annotation(obj: Properties, key: str) -> str:
    """Return an annotation's text, or nothing."""
    found = obj.get("metadata")
    notes = found.get("annotations") if isinstance(found, dict) else None
    value = notes.get(key) if isinstance(notes, dict) else None
    return value if isinstance(value, str) else ""


def annotate(obj: Properties, key: str, value: str) -> None:
    """Set an annotation, unless the annotations are not known yet."""
    place = metadata(obj)
    notes = place.setdefault("annotations", {})
    if notes is None:
        notes = place["annotations"] = {}
    if isinstance(notes, dict):
        notes[key] = value


def is_autonamed(obj: Properties) -> bool:
    """Whether the provider made the name up."""
    return annotation(obj, AUTONAMED) == "true"


def adopt_or_assign(urn: Urn, old: Properties, new: Properties, naming: Autoname) -> None:
    """Give an unnamed object the name it had, or a new one of its own."""
    if name_of(new):
        return
    if old:
        if is_autonamed(old) and isinstance(name_of(old), str):
            metadata(new)["name"] = name_of(old)
            annotate(new, AUTONAMED, "true")
        return
    if metadata(new).get("generateName"):
        raise ProviderError("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
    if naming.disabled:
        raise ProviderError("autonaming is disabled, resource requires the .metadata.name field to be set")
    metadata(new)["name"] = naming.proposed or f"{urn.name}-{suffix(naming.seed)}"
    annotate(new, AUTONAMED, "true")


def object_id(obj: Properties) -> str:
    """Write the id of an object: namespace/name, or name."""
    place = obj["metadata"]
    return qualified(place.get("namespace") or "", place["name"])


def qualified(namespace: str, name: str) -> str:
    """Write namespace/name, or name alone for what lives in no namespace."""
    return f"{namespace}/{name}" if namespace else name


def split_id(id_: str) -> tuple[str, str]:
    """Read an id as namespace and name."""
    namespace, _, name = id_.rpartition("/")
    return namespace, name


def manager(state: Properties, inputs: Properties) -> str:
    """Choose the field manager: the object's annotation, the one in the state, or a new one."""
    return (
        annotation(inputs, "pulumi.com/patchFieldManager")
        or state.get("__fieldManager")
        or MANAGER_PREFIX + suffix()
    )


def api_of(type_: str) -> tuple[str, str]:
    """Read apiVersion and kind from a type token: kubernetes:apps/v1:Deployment, ...:core/v1:Secret."""
    _, group_version, kind = type_.split(":")
    return group_version.removeprefix("core/"), kind
