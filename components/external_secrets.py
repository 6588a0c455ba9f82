"""Secrets that External Secrets brings from a store: the way to the store, and one order for each Secret.

Pulumi never sees a value. Each object is waited for, so that a store that refuses ends the deployment with
its own words, and not with a hub that never starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from settings.cluster import CaBundle
from settings.referred import Referred
from settings.secrets import AzureKeyVault, FromStore, SharedStore, Vault

_API = "external-secrets.io/v1"
_STORE = "jupyterhub"
_GENERATION = "jupyterhub-secrets-generation"
_READY = {"pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": "180"}


@dataclass(frozen=True, kw_only=True)
class ExternalSecretsArgs:
    """The store, and the Secrets that settings name."""

    namespace: pulumi.Input[str]
    secrets: FromStore
    wanted: Sequence[Referred]
    authorities: CaBundle | None
    """Those that signed Vault's certificate."""
    after: Sequence[pulumi.Resource] = ()
    """What the store needs and does not name: the ConfigMap of the authorities."""


class ExternalSecrets(pulumi.ComponentResource):
    """One ExternalSecret for each Secret, and the store where it is not there already. No outputs."""

    def __init__(
        self, name: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("jupyterhub:components:ExternalSecrets", name, None, opts)
        store = args.secrets.store
        reference, first = (
            (_reference(store), [])
            if isinstance(store, SharedStore)
            else ({"kind": "SecretStore", "name": _STORE}, [self._store(args, store)])
        )
        for one in args.wanted:
            if one.name not in args.secrets.elsewhere:
                self._order(args, one, reference, first)
        self.register_outputs({})

    def _store(self, args: ExternalSecretsArgs, store: Vault | AzureKeyVault) -> pulumi.Resource:
        """Make the way to the store, and the identity that goes it: one that no pod runs as."""
        account = k8s.core.v1.ServiceAccount(
            "service-account",
            metadata={
                "name": store.service_account,
                "namespace": args.namespace,
                "annotations": _identity(store),
            },
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return k8s.apiextensions.CustomResource(
            "store",
            api_version=_API,
            kind="SecretStore",
            metadata={"name": _STORE, "namespace": args.namespace, "annotations": _READY},
            spec={"provider": _provider(store, args.authorities)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, *args.after]),
        )

    def _order(
        self,
        args: ExternalSecretsArgs,
        wanted: Referred,
        reference: Mapping[str, str],
        after: Sequence[pulumi.Resource],
    ) -> None:
        # External Secrets fetches anew whenever an annotation changes: so a new generation brings what
        # the store has now, and not what it had an hour ago.
        annotations = {**_READY, _GENERATION: str(args.secrets.generation)}
        k8s.apiextensions.CustomResource(
            wanted.name,
            api_version=_API,
            kind="ExternalSecret",
            metadata={"name": wanted.name, "namespace": args.namespace, "annotations": annotations},
            spec={
                "refreshInterval": args.secrets.refresh,
                "secretStoreRef": reference,
                "target": _target(wanted),
                **_content(wanted, f"{args.secrets.prefix}{wanted.name}"),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _reference(store: SharedStore) -> dict[str, str]:
    return {"kind": "ClusterSecretStore" if store.cluster_wide else "SecretStore", "name": store.name}


def _identity(store: Vault | AzureKeyVault) -> dict[str, str]:
    if isinstance(store, Vault):
        return {}
    prefix = "azure.workload.identity"
    return {f"{prefix}/client-id": store.client_id, f"{prefix}/tenant-id": store.tenant_id}


def _provider(store: Vault | AzureKeyVault, authorities: CaBundle | None) -> dict[str, Any]:
    account: dict[str, Any] = {"name": store.service_account}
    if isinstance(store, AzureKeyVault):
        return {
            "azurekv": {
                "authType": "WorkloadIdentity",
                "vaultUrl": store.server,
                "tenantId": store.tenant_id,
                "serviceAccountRef": account,
            }
        }
    if store.audience:
        account["audiences"] = [store.audience]
    sign_in = {"mountPath": store.mount, "role": store.role, "serviceAccountRef": account}
    vault = {"server": store.server, "path": store.path, "version": "v2", "auth": {"kubernetes": sign_in}}
    if authorities:
        vault["caProvider"] = {"type": "ConfigMap", "name": authorities.config_map, "key": authorities.key}
    return {"vault": vault}


def _target(wanted: Referred) -> dict[str, Any]:
    """Retain: an entry that vanished from the store must not stop a hub that runs."""
    target = {"name": wanted.name, "creationPolicy": "Owner", "deletionPolicy": "Retain"}
    return target | ({"template": {"type": "kubernetes.io/dockerconfigjson"}} if wanted.registry else {})


def _content(wanted: Referred, entry: str) -> dict[str, Any]:
    """Take each key from a field of the entry; where every key counts, all fields that it has."""
    if wanted.open:
        return {"dataFrom": [{"extract": {"key": entry}}]}
    # In a field's name a dot leads into nested JSON: the registry's key goes without its own.
    return {
        "data": [
            {"secretKey": key, "remoteRef": {"key": entry, "property": key.removeprefix(".")}}
            for key in wanted.keys
        ]
    }
