"""The components of a stack: which, in which order, and what flows between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from chart.sign_in import authenticator
from components.credentials import Credentials, CredentialsArgs
from components.hub import Hub, HubArgs
from components.ingress import Ingress, IngressArgs
from components.namespace import Namespace, NamespaceArgs
from components.storage import Storage, StorageArgs
from deployment.checks import checked_values
from deployment.outputs import METRICS_SERVICE, outputs
from settings import Settings
from settings.auth import SharedPassword
from settings.load import Brought

PROJECT = Path(__file__).resolve().parents[1]


def deploy(settings: Settings, brought: Brought, project: Path = PROJECT) -> dict[str, Any]:
    """Register the stack's resources and give its outputs."""
    values, archive = checked_values(settings, project)
    cluster = pulumi.ResourceOptions(providers={"kubernetes": _provider(settings)})
    namespace = Namespace(
        "namespace",
        NamespaceArgs(settings=settings.namespace, protection=settings.protection),
        cluster,
    )
    storage = Storage(
        "storage",
        StorageArgs(
            namespace=namespace.namespace_name,
            storage=settings.storage,
            database=settings.database,
            protection=settings.protection,
            goes_with=namespace.made,
        ),
        cluster,
    )
    ingress = Ingress(
        "ingress",
        IngressArgs(
            namespace=namespace.namespace_name,
            tls=settings.tls,
            certificate=brought.tls_cert,
            key=brought.tls_key,
        ),
        cluster,
    )
    credentials = Credentials("credentials", _credentials(settings, brought, namespace), cluster)
    hub = Hub(
        "hub",
        HubArgs(
            namespace=namespace.namespace_name,
            settings=settings.hub,
            chart=settings.chart,
            protection=settings.protection,
            values=values,
            credentials_secret=credentials.secret_name,
            proxy_token=credentials.proxy_token,
            after=[namespace, storage, ingress, credentials],
        ),
        cluster,
    )
    made = {"namespace": namespace.namespace_name, "release": hub.release_name}
    return outputs(settings, archive, credentials, made, brought.tls_expires)


def _provider(settings: Settings) -> k8s.Provider:
    """Make the one provider; a stack file switches the default one off."""
    return k8s.Provider(
        "cluster",
        context=settings.cluster.context,
        # Else a second way to reach the same cluster replaces everything (pulumi-kubernetes#4019).
        cluster_identifier=settings.cluster.identifier,
        # Else a Secret or ConfigMap with a fixed name is deleted before its replacement is there.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )


def _credentials(settings: Settings, brought: Brought, namespace: Namespace) -> CredentialsArgs:
    return CredentialsArgs(
        namespace=namespace.namespace_name,
        generations=settings.secrets.generations,
        protection=settings.protection,
        authenticator=authenticator(settings.auth),
        by_password=isinstance(settings.auth, SharedPassword),
        with_administrators=bool(settings.auth.administrators),
        services=(METRICS_SERVICE,) if settings.monitoring.metrics else (),
        shared_password=brought.shared_password,
        admin_password=brought.admin_password,
        client_secret=brought.further.get("oauthClientSecret"),
        database_password=brought.further.get("databasePassword"),
    )
