"""Secrets from a store: one order for each Secret that settings name, waited for, and never a value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.documents import settings_of
from tests.unit.external import AZURE, EXISTING, VAULT, chosen, made
from tests.unit.recorder import Recorder, Request

STORE = "kubernetes:external-secrets.io/v1:SecretStore"
ORDER = "kubernetes:external-secrets.io/v1:ExternalSecret"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"


def orders(recorder: Recorder) -> dict[str, Request]:
    return {asked.name: asked for asked in recorder.of(ORDER)}


def spec(asked: Request) -> dict[str, Any]:
    found: dict[str, Any] = asked.plain()["spec"]
    return found


def test_every_secret_that_settings_name_is_ordered() -> None:
    assert set(orders(made(chosen("carbon254", VAULT)))) == {
        "oauth-client",
        "jupyterhub-database",
        "cloudflared-token",
        "jupyter-minio",
        "jupyter-postgresql",
    }
    production = {"entra-id-oauth", "jupyterhub-database", "aiv-artifactory-credentials"}
    assert set(orders(made(chosen("aiv-prod", AZURE)))) == production


def test_what_somebody_else_keeps_is_not() -> None:
    kept = chosen("aiv-prod", VAULT, elsewhere=["aiv-artifactory-credentials"])
    assert set(orders(made(kept))) == {"entra-id-oauth", "jupyterhub-database"}


def test_keys_come_from_the_fields_of_an_entry_of_the_secret_s_name() -> None:
    found = orders(made(chosen("carbon254", VAULT, prefix="jupyter/")))
    minio = spec(found["jupyter-minio"])
    assert minio["data"] == [
        {"secretKey": key, "remoteRef": {"key": "jupyter/jupyter-minio", "property": key}}
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    assert [one["secretKey"] for one in spec(found["oauth-client"])["data"]] == ["clientSecret"]
    assert [one["secretKey"] for one in spec(found["cloudflared-token"])["data"]] == ["token"]


def test_a_registry_s_secret_has_its_type_and_a_field_without_a_dot() -> None:
    asked = spec(orders(made(chosen("aiv-prod", VAULT)))["aiv-artifactory-credentials"])
    assert asked["target"]["template"] == {"type": "kubernetes.io/dockerconfigjson"}
    (only,) = asked["data"]
    assert (only["secretKey"], only["remoteRef"]["property"]) == (".dockerconfigjson", "dockerconfigjson")


def test_of_a_service_s_credentials_users_get_every_field() -> None:
    catalogue = [
        {
            "kind": "trino",
            "url": "https://trino.example.org",
            "credentials": "trino-login",
            "reach": {"cidrs": ["10.9.0.0/28"], "ports": [443]},
        }
    ]
    settings = settings_of(
        "carbon254",
        {
            "secrets": {"source": "externalSecrets", "name": None, "store": EXISTING, "prefix": "a-"},
            "services": {"catalogue": catalogue},
        },
    )
    asked = spec(orders(made(settings))["trino-login"])
    assert asked["dataFrom"] == [{"extract": {"key": "a-trino-login"}}]
    assert "data" not in asked


def test_nothing_vanishes_by_itself_and_all_is_waited_for() -> None:
    recorder = made(chosen("aiv-prod", VAULT, refresh="5m"))
    for asked in orders(recorder).values():
        assert spec(asked)["refreshInterval"] == "5m"
        target = spec(asked)["target"]
        assert (target["name"], target["creationPolicy"], target["deletionPolicy"]) == (
            asked.name,
            "Owner",
            "Retain",
        )
    for asked in [*recorder.of(STORE), *recorder.of(ORDER)]:
        assert asked.plain()["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"


def test_a_higher_generation_fetches_anew() -> None:
    first, second = (
        orders(made(chosen("aiv-prod", VAULT, generation=number)))["entra-id-oauth"] for number in (1, 2)
    )
    assert spec(first) == spec(second)
    assert first.plain()["metadata"]["annotations"] != second.plain()["metadata"]["annotations"]


def test_vault_is_asked_by_an_account_of_its_own_that_trusts_the_company() -> None:
    recorder = made(chosen("aiv-prod", {**VAULT, "audience": "vault"}))
    account = recorder.one(ACCOUNT)
    assert account.plain()["metadata"]["name"] == "secret-store"
    assert account.plain()["automountServiceAccountToken"] is False
    vault = spec(recorder.one(STORE))["provider"]["vault"]
    assert vault["version"] == "v2"
    assert vault["auth"]["kubernetes"] == {
        "mountPath": "kubernetes",
        "role": "jupyterhub",
        "serviceAccountRef": {"name": "secret-store", "audiences": ["vault"]},
    }
    assert vault["caProvider"] == {
        "type": "ConfigMap",
        "name": "aiv-ca-bundle",
        "key": "ca-certificates.crt",
    }


def test_azure_s_vault_is_asked_by_workload_identity() -> None:
    recorder = made(chosen("aiv-prod", AZURE))
    assert spec(recorder.one(STORE))["provider"]["azurekv"] == {
        "authType": "WorkloadIdentity",
        "vaultUrl": AZURE["server"],
        "tenantId": AZURE["tenantId"],
        "serviceAccountRef": {"name": "secret-store"},
    }
    assert recorder.one(ACCOUNT).plain()["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": AZURE["clientId"],
        "azure.workload.identity/tenant-id": AZURE["tenantId"],
    }


@pytest.mark.parametrize(("wide", "kind"), [(True, "ClusterSecretStore"), (False, "SecretStore")])
def test_a_store_that_is_there_is_named_and_nothing_else_made(wide: bool, kind: str) -> None:
    recorder = made(chosen("aiv-prod", {**EXISTING, "clusterWide": wide}))
    assert recorder.of(STORE) == recorder.of(ACCOUNT) == []
    for asked in orders(recorder).values():
        assert spec(asked)["secretStoreRef"] == {"kind": kind, "name": "company"}


def test_the_store_comes_first_and_all_of_it_has_one_parent() -> None:
    recorder = made(chosen("aiv-prod", VAULT))
    account, store = recorder.one(ACCOUNT), recorder.one(STORE)
    assert account.urn in store.dependencies
    for asked in orders(recorder).values():
        assert store.urn in asked.dependencies
        assert asked.parent == store.parent
        assert asked.parent.endswith("ExternalSecrets::external-secrets")
