"""What is made for External Secrets, held against the definitions that its own module carries."""

from __future__ import annotations

import jsonschema
import pytest

from tests.tools.kinds import Json, Schemas, check, schemas_of
from tests.unit.documents import Document
from tests.unit.external import AZURE, EXISTING, VAULT, chosen, made

STORES: dict[str, Document] = {
    "vault": {**VAULT, "audience": "vault"},
    "azure": AZURE,
    "existing": EXISTING,
    "existing in the namespace": {**EXISTING, "clusterWide": False},
}


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return schemas_of("external-secrets")


def objects(stack: str, store: Document) -> list[Json]:
    recorder = made(chosen(stack, store, prefix="jupyterhub-"))
    custom = [asked for asked in recorder.requests.values() if "external-secrets.io" in asked.type]
    assert custom
    return [asked.plain() for asked in custom]


@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254", "lab"])
@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_external_secrets_takes_every_object(schemas: Schemas, stack: str, store: Document) -> None:
    for one in objects(stack, store):
        check(schemas, one)


def test_a_field_that_external_secrets_does_not_know_would_be_seen(schemas: Schemas) -> None:
    store = next(one for one in objects("aiv-prod", VAULT) if one["kind"] == "SecretStore")
    store["spec"]["provider"]["vault"]["auth"]["kubernetes"]["account"] = "hub"
    with pytest.raises(jsonschema.ValidationError, match="account"):
        check(schemas, store)
    order = next(one for one in objects("aiv-prod", VAULT) if one["kind"] == "ExternalSecret")
    order["spec"]["target"]["deletionPolicy"] = "Keep"
    with pytest.raises(jsonschema.ValidationError, match="Keep"):
        check(schemas, order)
