"""The components of a stack: which, in which order, and what flows between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

import observability
from chart.archive import Archive
from chart.merge import Values
from chart.network import own_policies, service_policies
from chart.platform import catalogue_files, environments
from chart.sign_in import authenticator
from components.authorities import Authorities, AuthoritiesArgs
from components.credentials import Credentials, CredentialsArgs, token_key
from components.external_secrets import ExternalSecrets, ExternalSecretsArgs
from components.gpu import Gpu, GpuArgs
from components.hub import Hub, HubArgs
from components.ingress import Ingress, IngressArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.named_secrets import NamedSecrets, NamedSecretsArgs
from components.namespace import Namespace, NamespaceArgs
from components.platform import Platform, PlatformArgs
from components.storage import Storage, StorageArgs
from components.tunnel import Tunnel, TunnelArgs
from deployment.checks import checked_values
from deployment.outputs import outputs
from settings import Settings
from settings.auth import SharedPassword
from settings.door import hosts
from settings.flows import CONNECTOR
from settings.load import Brought
from settings.monitoring import PROMETHEUS
from settings.portal import card_files
from settings.referred import of_users, referred
from settings.secrets import FromOutside, FromStore

PROJECT = Path(__file__).resolve().parents[1]


def deploy(settings: Settings, brought: Brought, project: Path = PROJECT) -> dict[str, Any]:
    """Check everything, register the stack's resources, and give its outputs."""
    values, archive = checked_values(settings, project)
    return compose(settings, brought, values, archive)


def compose(settings: Settings, brought: Brought, values: Values, archive: Archive) -> dict[str, Any]:
    """Register the stack's resources and give its outputs."""
    stack = _Stack(settings, brought, pulumi.ResourceOptions(providers={"kubernetes": _provider(settings)}))
    namespace = stack.namespace()
    inside = namespace.namespace_name
    credentials = stack.credentials(inside)
    before = [
        namespace,
        credentials,
        stack.storage(namespace),
        stack.ingress(inside),
        *stack.secrets_of_others(inside),
        stack.gpu(inside),
        stack.platform(inside),
    ]
    hub = stack.hub(inside, values, credentials, before)
    # The hub waits for neither: without the way in, or in a cluster that knows no ServiceMonitor, it shall
    # come up all the same, and every fault show in one run.
    stack.tunnel(inside)
    stack.monitoring(inside, credentials)
    made = {"namespace": inside, "release": hub.release_name}
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


@dataclass(frozen=True)
class _Stack:
    """Makes each component from its part of the settings."""

    settings: Settings
    brought: Brought
    cluster: pulumi.ResourceOptions

    def namespace(self) -> Namespace:
        wanted = NamespaceArgs(
            settings=self.settings.namespace,
            protection=self.settings.protection,
            nodes_visible=self.settings.cluster.nodes_visible,
        )
        return Namespace("namespace", wanted, self.cluster)

    def storage(self, namespace: Namespace) -> Storage:
        wanted = StorageArgs(
            namespace=namespace.namespace_name,
            storage=self.settings.storage,
            database=self.settings.database,
            protection=self.settings.protection,
            goes_with=namespace.made,
        )
        return Storage("storage", wanted, self.cluster)

    def ingress(self, inside: pulumi.Output[str]) -> Ingress:
        wanted = IngressArgs(
            namespace=inside,
            hosts=hosts(self.settings.ingress),
            tls=self.settings.tls,
            certificate=self.brought.tls_cert,
            key=self.brought.tls_key,
        )
        return Ingress("ingress", wanted, self.cluster)

    def credentials(self, inside: pulumi.Output[str]) -> Credentials:
        settings, brought = self.settings, self.brought
        by_password = settings.auth if isinstance(settings.auth, SharedPassword) else None
        wanted = CredentialsArgs(
            namespace=inside,
            generations=settings.secrets.generations,
            protection=settings.protection,
            authenticator=authenticator(settings.auth),
            by_password=by_password is not None,
            with_administrators=bool(by_password and by_password.administrators),
            services=settings.monitoring.services,
            shared_password=brought.shared_password,
            admin_password=brought.admin_password,
            client_secret=brought.further.get("oauthClientSecret"),
            database_password=brought.further.get("databasePassword"),
            fixed_name=settings.secrets.name,
        )
        return Credentials("credentials", wanted, self.cluster)

    def secrets_of_others(self, inside: pulumi.Output[str]) -> list[pulumi.Resource]:
        """Make what pods name and somebody brings: authorities, credentials of services and registries."""
        settings = self.settings
        bundle = AuthoritiesArgs(namespace=inside, bundle=settings.cluster.ca_bundle)
        authorities = Authorities("authorities", bundle, self.cluster)
        if isinstance(settings.secrets, FromStore):
            ordered = ExternalSecretsArgs(
                namespace=inside,
                secrets=settings.secrets,
                wanted=referred(settings),
                authorities=settings.cluster.ca_bundle,
                after=[authorities],
            )
            return [authorities, ExternalSecrets("external-secrets", ordered, self.cluster)]
        named = NamedSecretsArgs(namespace=inside, wanted=of_users(settings), brought=self.brought.named)
        return [authorities, NamedSecrets("named-secrets", named, self.cluster)]

    def gpu(self, inside: pulumi.Output[str]) -> Gpu:
        wanted = GpuArgs(
            namespace=inside,
            hub_namespace=self.settings.namespace.name,
            gpu=self.settings.gpu,
            protection=self.settings.protection,
        )
        return Gpu("gpu", wanted, self.cluster)

    def platform(self, inside: pulumi.Output[str]) -> Platform:
        wanted = PlatformArgs(
            namespace=inside,
            files=catalogue_files(self.settings),
            environments=environments(self.settings),
            policies=service_policies(self.settings),
            card=card_files(self.settings),
        )
        return Platform("platform", wanted, self.cluster)

    def hub(
        self,
        inside: pulumi.Output[str],
        values: Values,
        credentials: Credentials,
        before: list[pulumi.Resource],
    ) -> Hub:
        wanted = HubArgs(
            namespace=inside,
            settings=self.settings.hub,
            chart=self.settings.chart,
            protection=self.settings.protection,
            values=values,
            credentials_secret=credentials.secret_name,
            credentials_digest=credentials.digest,
            proxy_token=credentials.proxy_token,
            after=before,
        )
        return Hub("hub", wanted, self.cluster)

    def tunnel(self, inside: pulumi.Output[str]) -> None:
        settings = self.settings
        if not settings.ingress.tunnel:
            return
        wanted = TunnelArgs(
            namespace=inside,
            settings=settings.ingress.tunnel,
            image=settings.images.of_connector,
            pull_secrets=settings.images.pull_secrets,
            placement=settings.placement,
            policy=own_policies(settings)["tunnel"],
            token=self.brought.further.get("tunnelToken"),
            generation=settings.secrets.generation if isinstance(settings.secrets, FromOutside) else 1,
            await_ready=settings.hub.await_ready,
        )
        Tunnel("tunnel", wanted, self.cluster)

    def monitoring(self, inside: pulumi.Output[str], credentials: Credentials) -> None:
        settings = self.settings
        wanted = MonitoringArgs(
            namespace=inside,
            release=settings.hub.release,
            settings=settings.monitoring,
            credentials_secret=credentials.secret_name,
            token_key=token_key(PROMETHEUS),
            connector=CONNECTOR if settings.ingress.tunnel else None,
            alerts=observability.alert_groups(settings, self.brought.tls_expires),
            dashboards=observability.dashboards(settings),
        )
        Monitoring("monitoring", wanted, self.cluster)
