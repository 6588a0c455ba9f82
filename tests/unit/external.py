"""Stacks whose secrets come from a store, and the objects that are made for it."""

from __future__ import annotations

import pulumi

from components.external_secrets import ExternalSecrets, ExternalSecretsArgs
from settings import Settings
from settings.referred import referred
from settings.secrets import FromStore
from tests.unit.documents import Document, settings_of
from tests.unit.recorder import Recorder, run

VAULT: Document = {
    "kind": "vault",
    "server": "https://vault.example.org:8200",
    "path": "secret",
    "role": "jupyterhub",
}
AZURE: Document = {
    "kind": "azureKeyVault",
    "server": "https://example.vault.azure.net",
    "tenantId": "5d4a7f0e-93c1-4c1b-8e0f-2a6b7c8d9e01",
    "clientId": "9c2d3e4f-5061-4b72-8839-4a5b6c7d8e9f",
}
EXISTING: Document = {"kind": "existing", "name": "company"}


def chosen(stack: str, store: Document, **further: object) -> Settings:
    return settings_of(
        stack, {"secrets": {"source": "externalSecrets", "name": None, "store": store, **further}}
    )


def made(settings: Settings) -> Recorder:
    assert isinstance(settings.secrets, FromStore)
    args = ExternalSecretsArgs(
        namespace=settings.namespace.name,
        secrets=settings.secrets,
        wanted=referred(settings),
        authorities=settings.cluster.ca_bundle,
    )

    def program() -> pulumi.Output[str]:
        return ExternalSecrets("external-secrets", args).urn

    return run(program)[0]
