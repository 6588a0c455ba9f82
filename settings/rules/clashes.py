"""Rules about names that sections give on their own, and that meet in one namespace."""

from __future__ import annotations

from collections.abc import Iterator

from settings.auth import Auth, Identities
from settings.cluster import Cluster
from settings.door import Door, NoTls, Tls
from settings.finding import Finding
from settings.images import Images
from settings.secrets import Secrets
from settings.services import Services
from settings.storage import CephS3, Database, ExternalDatabase, Minio, Sqlite, Storage

# The chart's own objects; whoever takes such a name is overwritten, or stops the release.
_CHARTS = ("hub", "singleuser")


def claims_have_their_own_names(storage: Storage, database: Sqlite) -> Iterator[Finding]:
    """Refuse one claim for two purposes."""
    if storage.shared and storage.shared.claim == database.claim:
        yield Finding(
            path="settings.database.claim",
            rule="D11",
            what=f"database and shared folder are both the claim {database.claim}.",
            follows="Every user could read and destroy the hub's database.",
            remedy="Give each claim a name of its own.",
        )


def claims_are_nobodys_home(storage: Storage, database: Database) -> Iterator[Finding]:
    """Refuse the names that the spawner gives to homes."""
    claims = {"settings.storage.shared": storage.shared.claim if storage.shared else None}
    claims["settings.database"] = database.claim if isinstance(database, Sqlite) else None
    for path, name in claims.items():
        if name and name.startswith("claim-"):
            yield Finding(
                path=f"{path}.claim",
                rule="S7",
                what=f"{name} is the name of the home of a user called {name.removeprefix('claim-')}.",
                follows="That user would get this volume for a home.",
                remedy="Choose a name that does not begin with claim-.",
            )


def certificate_secret_has_its_own_name(tls: Tls, images: Images, auth: Auth) -> Iterator[Finding]:
    """Refuse a TLS Secret whose name the chart, or another Secret of another type, takes for itself."""
    if isinstance(tls, NoTls):
        return
    others = {name: "the registry's credentials" for name in images.pull_secrets}
    if isinstance(auth, Identities):
        others[auth.client_secret_name] = "the sign-in application's secret"
    others |= dict.fromkeys(_CHARTS, "an object of the chart itself")
    if tls.secret_name in others:
        yield Finding(
            path="settings.tls.secretName",
            rule="D15",
            what=f"{tls.secret_name} is {others[tls.secret_name]}.",
            follows="Two owners would overwrite each other's Secret.",
            remedy="Choose another name, such as jupyterhub-tls.",
        )


def secrets_are_not_the_charts(
    auth: Auth, database: Database, secrets: Secrets, ingress: Door
) -> Iterator[Finding]:
    """Refuse the names of the chart's own Secrets for ours."""
    names = {"settings.secrets.name": secrets.name}
    if isinstance(auth, Identities):
        names["settings.auth.clientSecretName"] = auth.client_secret_name
    if isinstance(database, ExternalDatabase):
        names["settings.database.passwordSecret"] = database.password_secret
    if ingress.tunnel:
        names["settings.ingress.tunnel.tokenSecret"] = ingress.tunnel.token_secret
    for path, name in names.items():
        if name in _CHARTS:
            yield Finding(
                path=path,
                rule="D15",
                what=f"{name} is an object of the chart itself.",
                follows="Two owners would overwrite each other's Secret.",
                remedy=f"Choose another name, such as jupyterhub-{name}.",
            )


def users_get_no_secret_of_the_hub(
    services: Services, storage: Storage, auth: Auth, database: Database, secrets: Secrets
) -> Iterator[Finding]:
    """Refuse to hand a Secret of the hub to user pods, as the credentials of a service."""
    hubs = {secrets.name, *_CHARTS}
    if isinstance(auth, Identities):
        hubs.add(auth.client_secret_name)
    if isinstance(database, ExternalDatabase):
        hubs.add(database.password_secret)
    given = {
        f"settings.services.catalogue[{at}].credentials": service.credentials
        for at, service in enumerate(services.catalogue)
        if service.used_by != "hub"
    }
    if isinstance(storage.object_store, Minio):
        given["settings.storage.objectStore.credentials"] = storage.object_store.credentials
    for path, name in given.items():
        if name and name in hubs:
            yield Finding(
                path=path,
                rule="D15",
                what=f"{name} is a Secret of the hub.",
                follows="Every user would find the hub's own passwords and keys in the environment.",
                remedy="Keep what users get in a Secret of its own.",
            )


def the_bucket_has_its_own_config_map(storage: Storage, cluster: Cluster) -> Iterator[Finding]:
    """Refuse one ConfigMap for the bucket's address and the company's authorities."""
    store, bundle = storage.object_store, cluster.ca_bundle
    if isinstance(store, CephS3) and bundle and store.claim == bundle.config_map:
        yield Finding(
            path="settings.storage.objectStore.claim",
            rule="S7",
            what=f"{store.claim} is the ConfigMap of cluster.caBundle, and Rook makes one of this name.",
            follows="One overwrites the other: no bucket, or no trust.",
            remedy="Choose another name, such as jupyterhub-bucket.",
        )


RULES = (
    claims_have_their_own_names,
    claims_are_nobodys_home,
    certificate_secret_has_its_own_name,
    secrets_are_not_the_charts,
    users_get_no_secret_of_the_hub,
    the_bucket_has_its_own_config_map,
)
