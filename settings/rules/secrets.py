"""Rules about Secrets that settings name: one owner and one form each, and entries that a store can have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from settings.auth import Auth
from settings.cluster import Cluster, Namespace
from settings.door import Door, NoTls, Tls
from settings.finding import Finding
from settings.images import Images
from settings.referred import by_hub, by_registries, by_users
from settings.secrets import AzureKeyVault, FromStore, Secrets, SharedStore
from settings.services import Services
from settings.storage import Database, Storage

# What Azure Key Vault takes for the name of a secret.
_AZURE = re.compile(r"[0-9A-Za-z-]*")


def the_hub_s_secret_is_its_own(
    secrets: Secrets, images: Images, tls: Tls, ingress: Door
) -> Iterator[Finding]:
    """Refuse the hub's Secret under the name of another one."""
    others = dict.fromkeys(images.pull_secrets, "the registry's credentials")
    if not isinstance(tls, NoTls):
        others[tls.secret_name] = "the certificate"
    if ingress.tunnel:
        others[ingress.tunnel.token_secret] = "the tunnel's token"
    if secrets.name in others:
        yield Finding(
            path="settings.secrets.name",
            rule="D15",
            what=f"{secrets.name} is the Secret of {others[secrets.name]}.",
            follows="Two owners would overwrite each other's Secret.",
            remedy="Choose another name, such as jupyterhub-secrets.",
        )


def registries_have_their_own_secrets(  # noqa: PLR0913 -- every section that names Secrets
    images: Images, services: Services, storage: Storage, auth: Auth, database: Database, ingress: Door
) -> Iterator[Finding]:
    """Refuse one Secret for a registry and for something else: a Secret has one type."""
    others = {one.name for one in (*by_users(storage, services), *by_hub(auth, database, ingress))}
    for one in by_registries(images):
        if one.name in others:
            yield Finding(
                path=one.setting,
                rule="D19",
                what=f"{one.name} holds the credentials of something else too.",
                follows="A registry's Secret has a type of its own, with which it holds nothing else.",
                remedy="Keep the registry's credentials in a Secret of their own.",
            )


def users_get_no_token_of_the_tunnel(
    services: Services, storage: Storage, ingress: Door
) -> Iterator[Finding]:
    """Refuse to hand the tunnel's token to user pods."""
    if not ingress.tunnel:
        return
    for one in by_users(storage, services):
        if one.name == ingress.tunnel.token_secret:
            yield Finding(
                path=one.setting,
                rule="D15",
                what=f"{one.name} holds the tunnel's token.",
                follows="Every user could run a connector, and answer the hub's visitors in its place.",
                remedy="Keep what users get in a Secret of its own.",
            )


def the_store_s_account_is_nobody_else_s(secrets: FromStore, namespace: Namespace) -> Iterator[Finding]:
    """Refuse the store's identity for pods: whoever runs as it could read the store."""
    accounts = namespace.service_accounts
    if isinstance(secrets.store, SharedStore):
        return
    if secrets.store.service_account in (accounts.hub, accounts.notebook):
        yield Finding(
            path="settings.secrets.store.serviceAccount",
            rule="D22",
            what=f"pods of the hub or of users run as {secrets.store.service_account}.",
            follows="They could read the whole store, as External Secrets does.",
            remedy="Leave it out: an account of its own is made.",
        )


def entries_can_be_in_the_store(secrets: FromStore) -> Iterator[Finding]:
    """Refuse a name that Azure Key Vault does not take."""
    if isinstance(secrets.store, AzureKeyVault) and not _AZURE.fullmatch(secrets.prefix):
        yield Finding(
            path="settings.secrets.prefix",
            rule="K1",
            what=f"{secrets.prefix} has characters that no name in an Azure Key Vault has.",
            follows="No entry would be found.",
            remedy="Use letters, digits and dashes, such as jupyterhub-.",
        )


def what_is_elsewhere_is_named(  # noqa: PLR0913 -- every section that names Secrets
    secrets: FromStore,
    images: Images,
    services: Services,
    storage: Storage,
    auth: Auth,
    database: Database,
    ingress: Door,
) -> Iterator[Finding]:
    """Refuse a Secret that no setting names, among those that somebody else keeps."""
    every = (*by_hub(auth, database, ingress), *by_users(storage, services), *by_registries(images))
    named = {one.name for one in every}
    for at, name in enumerate(secrets.elsewhere):
        if name not in named:
            yield Finding(
                path=f"settings.secrets.elsewhere[{at}]",
                rule="K2",
                what=f"no setting names a Secret {name}.",
                follows="The one that is meant would be overwritten with what the store has.",
                remedy="Write its name as the other setting does, or take it out.",
            )


def authorities_do_not_come_from_the_chart(cluster: Cluster) -> Iterator[Finding]:
    """Refuse the name of the chart's own ConfigMap."""
    if cluster.ca_bundle and cluster.ca_bundle.config_map == "hub":
        yield Finding(
            path="settings.cluster.caBundle.configMap",
            rule="D41",
            what="hub is the chart's own ConfigMap.",
            follows="Two owners would overwrite each other: no bundle, or no hub.",
            remedy="Choose another name, such as company-authorities.",
        )


RULES = (
    the_hub_s_secret_is_its_own,
    registries_have_their_own_secrets,
    users_get_no_token_of_the_tunnel,
    the_store_s_account_is_nobody_else_s,
    entries_can_be_in_the_store,
    what_is_elsewhere_is_named,
    authorities_do_not_come_from_the_chart,
)
