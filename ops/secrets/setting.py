"""The command that sets each secret where it belongs, so that its value is on no screen and in no history."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from types import MappingProxyType
from urllib.parse import urlsplit

from settings import Settings
from settings.flat import Needed
from settings.referred import REGISTRY_KEY, Referred
from settings.secrets import AzureKeyVault, FromStore, SharedStore, Vault

LENGTHS: Mapping[str, int] = MappingProxyType({"sharedPassword": 16, "adminPassword": 40})
"""What can be made here, since nobody else has to know it first: as long as `pulumi up` would make it."""


def of_config(row: Needed, stack: str) -> str:
    """Set a flat key; one that can be made here goes from maker to Pulumi without being shown."""
    made = f"bin/ops secrets {stack} --generate {row.key} | " if row.key in LENGTHS else ""
    return f"{made}{row.command(stack)}"


def entry(one: Referred, secrets: FromStore) -> str:
    """Say where in the store it lies."""
    path, store = f"{secrets.prefix}{one.name}", secrets.store
    if isinstance(store, Vault):
        return f"{path} in {store.path} of {store.server}"
    if isinstance(store, AzureKeyVault):
        return f"{path} in {store.server}"
    return f"{path} in the {'ClusterSecretStore' if store.cluster_wide else 'SecretStore'} {store.name}"


def in_store(one: Referred, secrets: FromStore) -> str:
    """Put an entry into the store; nothing is known of how a store of others is written."""
    name, store = quote(f"{secrets.prefix}{one.name}"), secrets.store
    if isinstance(store, SharedStore):
        return ""
    if isinstance(store, AzureKeyVault):
        vault = (urlsplit(store.server).hostname or "").split(".")[0]
        return f"az keyvault secret set --vault-name {vault} --name {name} --file fields.json"
    # One field is read from stdin; several come together, since a second `put` takes the first away.
    field = one.keys[0].removeprefix(".") + "=-" if len(one.keys) == 1 and not one.open else "@fields.json"
    source = "config.json" if one.registry else "value.txt"
    return f"vault kv put -mount={quote(store.path)} {name} {field}" + (
        f" < {source}" if field.endswith("=-") else ""
    )


def in_cluster(one: Referred, settings: Settings) -> str:
    """Put a Secret into the namespace."""
    if one.registry:
        fields = f"--type=kubernetes.io/dockerconfigjson --from-file={REGISTRY_KEY}=config.json"
    elif one.open:
        fields = "--from-env-file=variables.env"
    else:
        fields = " ".join(f"--from-file={key}={key}.txt" for key in one.keys)
    return f"{_kubectl(settings)} create secret generic {one.name} {fields}"


def certificate_in_cluster(name: str, settings: Settings) -> str:
    """Put a certificate into the namespace."""
    return f"{_kubectl(settings)} create secret tls {name} --cert=tls.crt --key=tls.key"


def end_in_cluster(name: str, settings: Settings) -> str:
    """Show when a certificate ends that only the cluster has; its key is not asked for."""
    field = r"jsonpath={.data.tls\.crt}"
    asked = f"{_kubectl(settings)} get secret {name} -o {quote(field)}"
    return f"{asked} | base64 -d | openssl x509 -noout -enddate"


def _kubectl(settings: Settings) -> str:
    return f"kubectl --context {quote(settings.cluster.context)} -n {settings.namespace.name}"
