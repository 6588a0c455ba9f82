"""Writing objects: create, apply on the server's side, hand over what another manager left behind."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded.providers.changes import parse as parse_path
from embedded.providers.errors import Cancelled, ProviderError
from embedded.providers.kube.client import APPLY, JSON_PATCH, ApiError, Call, Client, Object
from embedded.providers.kube.discovery import Discovery, NoSuchKind
from embedded.providers.kube.names import CREATE_MANAGER, annotation

RETRIES = 5
FORCE = "pulumi.com/patchForce"
EXISTS = (
    "The resource already exists in the cluster, and creating never takes over what is there:\n"
    "  - to manage it from now on: pulumi import {type} {name} {id} --generate-code=false\n"
    "  - if it was renamed in the program: give it an alias (ResourceOptions(aliases=[...]))\n"
    "  - if it should be taken over on every create: set upsert_existing_objects on the Provider."
)
CONFLICT = (
    "server-side apply field conflict detected: another manager owns a field that this program sets. Leave "
    "the field out of the program, or take it over with the annotation pulumi.com/patchForce: "
    '"true".\nThe resource managed by field manager "{manager}" had an apply conflict: {message}'
)
# What earlier writers leave behind, by the start of their names (kubectl-patch, kubectl-edit ...); the
# official provider takes these over as well. It creates with POST, under one manager for all objects, and
# takes that over at an object's first update.
_TAKEN_OVER = {
    "Apply": ("kubectl",),
    "Update": ("kubectl", "before-first-apply", CREATE_MANAGER, "pulumi-resource-kubernetes"),
}


@dataclass(frozen=True)
class Writer:
    """Writes objects to one cluster."""

    client: Client
    discovery: Discovery
    cancelled: threading.Event

    def create(self, obj: Object, *, preview: bool, warn: Callable[[str], None]) -> Object:
        """Create; a namespace or a kind that is being made at the same time gets some moments to appear."""
        for attempt in range(RETRIES + 1):
            try:
                return self._post(obj, preview=preview, warn=warn)
            except (ApiError, NoSuchKind) as error:
                missing = isinstance(error, NoSuchKind) or error.not_found
                if preview or not missing or attempt == RETRIES:
                    raise
            if self.cancelled.wait(2.0**attempt / 2):
                raise Cancelled("the operation was cancelled before the object was created")
        raise AssertionError("the last attempt returns or raises")

    def _post(self, obj: Object, *, preview: bool, warn: Callable[[str], None]) -> Object:
        kind = self.discovery.of(obj)
        namespace = obj["metadata"].get("namespace") or ""
        query = {"fieldManager": CREATE_MANAGER, "fieldValidation": "Warn", **_dry(preview)}
        return self.client.call(Call("POST", kind.path(namespace), obj, query, warn=warn))

    def apply(self, obj: Object, manager: str, *, force: bool, preview: bool) -> Object:
        """Apply on the server's side."""
        place = obj["metadata"]
        path = self.discovery.of(obj).path(place.get("namespace") or "", place["name"])
        query = {"fieldManager": manager, "force": str(force).lower(), **_dry(preview)}
        try:
            return self.client.call(Call("PATCH", path, obj, query, content=APPLY))
        except ApiError as error:
            if error.conflict:
                raise ProviderError(CONFLICT.format(manager=manager, message=error)) from error
            raise

    def replace(self, obj: Object, live: Object, manager: str, *, preview: bool) -> Object:
        """Put a whole new object in the place of the live one, without deleting it."""
        wanted = copy.deepcopy(obj)
        wanted["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        path = self.discovery.of(obj).path(live["metadata"].get("namespace") or "", live["metadata"]["name"])
        return self.client.call(Call("PUT", path, wanted, {"fieldManager": manager, **_dry(preview)}))

    def take_over(self, live: Object, manager: str) -> Object:
        """Make the fields that earlier writers own ours, else an apply without them would not remove them."""
        entries = live["metadata"].get("managedFields") or []
        kept = merge_managers(entries, manager)
        if kept == entries:
            return live
        place = live["metadata"]
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": kept},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": place["resourceVersion"]},
        ]
        path = self.discovery.of(live).path(place.get("namespace") or "", place["name"])
        return self.client.call(Call("PATCH", path, patch, content=JSON_PATCH))


def _dry(preview: bool) -> dict[str, str]:
    return {"dryRun": "All"} if preview else {}


def merge_managers(entries: Sequence[Mapping[str, Any]], manager: str) -> list[dict[str, Any]]:
    """Fold the entries of earlier writers into one Apply entry of the manager."""
    kept: list[dict[str, Any]] = []
    fields: dict[str, Any] = {}
    ours: dict[str, Any] | None = None
    folded = False
    for entry in entries:
        name, operation = str(entry.get("manager")), str(entry.get("operation"))
        if (name, operation) == (manager, "Apply") and not entry.get("subresource"):
            ours = dict(entry)
            fields = _union(fields, entry.get("fieldsV1") or {})
        elif name.startswith(_TAKEN_OVER.get(operation, ())) and not entry.get("subresource"):
            folded = True
            ours = ours or {**entry, "manager": manager, "operation": "Apply"}
            fields = _union(fields, entry.get("fieldsV1") or {})
        else:
            kept.append(dict(entry))
    if not folded or ours is None:
        return [dict(entry) for entry in entries]
    return [*kept, {**ours, "fieldsV1": fields}]


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, value in other.items():
        merged[key] = _union(merged[key], value) if key in merged else value
    return merged


def must_force(obj: Object, live: Object, *, always: bool, preview: bool) -> bool:
    """Decide whether to overrule other managers of a field: only when told to, or where there are none."""
    if always or annotation(obj, FORCE) == "true":
        return True
    entries = live["metadata"].get("managedFields") or []
    created_by_us = any(one.get("manager") == CREATE_MANAGER for one in entries)
    return not entries or (preview and created_by_us)


def with_ignored(obj: Object, live: Object, ignored: Sequence[str]) -> Object:
    """Put the live value of ignored fields into what is applied, which then neither changes nor drops it."""
    wanted = copy.deepcopy(obj)
    for one in ignored:
        steps = parse_path(one)
        source: Any = live
        for step in steps:
            source = source.get(step) if isinstance(source, dict) else None
        if source is None or not all(isinstance(step, str) for step in steps):
            continue
        place: Any = wanted
        for step in steps[:-1]:
            place = place.setdefault(step, {})
        place[steps[-1]] = copy.deepcopy(source)
    return wanted
