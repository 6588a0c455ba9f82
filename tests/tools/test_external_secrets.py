"""What is made for External Secrets, held against the definitions that its own module carries."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
import yaml

from embedded.fault import Fault
from embedded.paths import find
from embedded.toolchain import definitions
from tests.unit.documents import Document
from tests.unit.external import AZURE, EXISTING, VAULT, chosen, made

Json = dict[str, Any]
STORES: dict[str, Document] = {
    "vault": {**VAULT, "audience": "vault"},
    "azure": AZURE,
    "existing": EXISTING,
    "existing in the namespace": {**EXISTING, "clusterWide": False},
}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Json]:
    """The served schema of each kind, by apiVersion and kind."""
    try:
        files = definitions.ensure("external-secrets", find())
    except Fault as fault:
        pytest.skip(f"the definitions of External Secrets cannot be had: {fault.what}")
    found = {}
    for file in files:
        spec = yaml.safe_load(file.read_text())["spec"]
        for version in filter(lambda one: one["served"], spec["versions"]):
            name = f"{spec['group']}/{version['name']} {spec['names']['kind']}"
            found[name] = closed(version["schema"]["openAPIV3Schema"])
    return found


def closed(schema: Json) -> Json:
    """Refuse unknown fields, which the API server would drop without a word."""
    strict = dict(schema)
    if "properties" in schema:
        strict["properties"] = {name: closed(below) for name, below in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            strict.setdefault("additionalProperties", False)
    for nested in ("items", "additionalProperties"):
        if isinstance(schema.get(nested), dict):
            strict[nested] = closed(schema[nested])
    return strict


def objects(stack: str, store: Document) -> list[Json]:
    recorder = made(chosen(stack, store, prefix="jupyterhub-"))
    custom = [asked for asked in recorder.requests.values() if "external-secrets.io" in asked.type]
    assert custom
    return [asked.plain() for asked in custom]


def check(schemas: dict[str, Json], made: Json) -> None:
    schema = copy.deepcopy(schemas[f"{made['apiVersion']} {made['kind']}"])
    # Every kind has these, and their schema is the API server's own.
    for name in ("apiVersion", "kind", "metadata"):
        schema["properties"][name] = {}
    jsonschema.validate(made, schema)


@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254", "lab"])
@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_external_secrets_takes_every_object(schemas: dict[str, Json], stack: str, store: Document) -> None:
    for one in objects(stack, store):
        check(schemas, one)


def test_a_field_that_external_secrets_does_not_know_would_be_seen(schemas: dict[str, Json]) -> None:
    store = next(one for one in objects("aiv-prod", VAULT) if one["kind"] == "SecretStore")
    store["spec"]["provider"]["vault"]["auth"]["kubernetes"]["account"] = "hub"
    with pytest.raises(jsonschema.ValidationError, match="account"):
        check(schemas, store)
    order = next(one for one in objects("aiv-prod", VAULT) if one["kind"] == "ExternalSecret")
    order["spec"]["target"]["deletionPolicy"] = "Keep"
    with pytest.raises(jsonschema.ValidationError, match="Keep"):
        check(schemas, order)
