"""Custom objects held against the definitions that their kinds' own modules carry."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
import yaml

from embedded.fault import Fault
from embedded.paths import find
from embedded.toolchain import definitions

Json = dict[str, Any]
Schemas = dict[str, Json]


def schemas_of(project: str) -> Schemas:
    """Give the served schema of each kind, by apiVersion and kind; skip where they cannot be had."""
    try:
        files = definitions.ensure(project, find())
    except Fault as fault:
        pytest.skip(f"the definitions of {project} cannot be had: {fault.what}")
    found = {}
    for file in files:
        spec = yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))["spec"]  # noqa: S506
        for version in filter(lambda one: one["served"], spec["versions"]):
            name = f"{spec['group']}/{version['name']} {spec['names']['kind']}"
            found[name] = _closed(version["schema"]["openAPIV3Schema"])
    return found


def _closed(schema: Json) -> Json:
    """Refuse unknown fields, which the API server would drop without a word."""
    strict = dict(schema)
    if "pattern" in schema:
        # Go takes a flag inside an expression, Python at its beginning alone.
        strict["pattern"] = schema["pattern"].replace("^(?i)", "(?i)^")
    if "properties" in schema:
        strict["properties"] = {name: _closed(below) for name, below in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            strict.setdefault("additionalProperties", False)
    for nested in ("items", "additionalProperties"):
        if isinstance(schema.get(nested), dict):
            strict[nested] = _closed(schema[nested])
    return strict


def check(schemas: Schemas, made: Json) -> None:
    """Raise a ValidationError unless the object is one of its kind."""
    schema = copy.deepcopy(schemas[f"{made['apiVersion']} {made['kind']}"])
    # Every kind has these, and their schema is the API server's own.
    for name in ("apiVersion", "kind", "metadata"):
        schema["properties"][name] = {}
    jsonschema.validate(made, schema)
