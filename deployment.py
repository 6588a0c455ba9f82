"""The composition root: checks everything, then makes the components in order and joins them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from chart import checks, mirror, schema, source, traits
from chart.merge import Values
from chart.sign_in import authenticator
from chart.values import build
from components import limits
from components.credentials import Credentials, CredentialsArgs
from components.hub import Hub, HubArgs
from components.ingress import Ingress, IngressArgs
from components.namespace import Namespace, NamespaceArgs
from components.storage import Storage, StorageArgs
from settings import Settings
from settings.auth import SharedPassword
from settings.door import url
from settings.finding import report
from settings.load import Brought

PROJECT = Path(__file__).resolve().parent


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
    return _outputs(settings, archive, namespace, credentials, hub)


def checked_values(settings: Settings, project: Path) -> tuple[Values, source.Archive]:
    """Build the values and hold them against chart and hub, before anything is registered."""
    try:
        archive = source.load(settings.chart, project)
    except source.Unusable as unusable:
        raise pulumi.RunError(report([unusable.finding])) from None
    values = build(settings)
    found = [
        *limits.findings(settings),
        *checks.findings(settings, archive),
        *schema.findings(values, archive),
        *mirror.findings(settings, values, archive),
        *traits.findings_with(settings.hub.version, values),
    ]
    for one in found:
        if one.severity == "warning":
            pulumi.log.warn(str(one))
    if errors := [one for one in found if one.severity == "error"]:
        raise pulumi.RunError(report(errors))
    return values, archive


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
        services=("prometheus",) if settings.monitoring.metrics else (),
        shared_password=brought.shared_password,
        admin_password=brought.admin_password,
        client_secret=brought.further.get("oauthClientSecret"),
        database_password=brought.further.get("databasePassword"),
    )


def _outputs(
    settings: Settings, archive: source.Archive, namespace: Namespace, credentials: Credentials, hub: Hub
) -> dict[str, Any]:
    """Say what a person wants to know after `pulumi up`; the password shows with --show-secrets."""
    auth = settings.auth
    outputs: dict[str, Any] = {
        "url": url(settings.ingress, settings.tls),
        "namespace": namespace.namespace_name,
        "release": hub.release_name,
        "chartVersion": archive.version,
        "hubImage": settings.images.hub.reference,
        "profiles": [profile.name for profile in settings.profiles],
    }
    if isinstance(auth, SharedPassword):
        names = "any name, such as ada" if auth.any_name else f"one of: {', '.join(auth.users)}"
        outputs |= {"userName": names, "password": credentials.shared_password}
    if credentials.admin_password is not None:
        outputs["administrators"] = sorted(settings.auth.administrators)
        outputs["adminPassword"] = credentials.admin_password
    return outputs
