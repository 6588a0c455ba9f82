"""The Secrets of the namespace that settings name: what each must hold, and which setting names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from settings.auth import Identities
from settings.document import Settings
from settings.storage import ExternalDatabase, Minio

REGISTRY_KEY = ".dockerconfigjson"
"""The one key of a Secret with which nodes sign in at a registry, as Kubernetes names it."""


@dataclass(frozen=True, kw_only=True)
class Referred:
    """A Secret that pods name, by a name that is fixed in the settings."""

    name: str
    setting: str
    """The setting that names it; the first one, where several do."""
    keys: tuple[str, ...] = ()
    """What it must hold."""
    open: bool = False
    """All of its keys become variables, so that others beside these have a meaning too."""

    @property
    def registry(self) -> bool:
        """Whether it is for a registry: of the type kubernetes.io/dockerconfigjson."""
        return REGISTRY_KEY in self.keys


def of_hub(settings: Settings) -> tuple[Referred, ...]:
    """Give those of the hub and the tunnel, each of which a flat key of Pulumi's config can stand for."""
    return merged(_of_hub(settings))


def of_users(settings: Settings) -> tuple[Referred, ...]:
    """Give those of user pods and nodes, which no flat key of its own stands for."""
    return merged(_of_users(settings))


def referred(settings: Settings) -> tuple[Referred, ...]:
    """Give all of them."""
    return merged([*_of_hub(settings), *_of_users(settings)])


def merged(found: Iterable[Referred]) -> tuple[Referred, ...]:
    """Join those of one name: one Secret may hold what several settings want."""
    joined: dict[str, Referred] = {}
    for one in found:
        known = joined.get(one.name, one)
        keys = tuple(dict.fromkeys((*known.keys, *one.keys)))
        joined[one.name] = replace(known, keys=keys, open=known.open or one.open)
    return tuple(joined.values())


def _of_hub(settings: Settings) -> Iterator[Referred]:
    auth, database, tunnel = settings.auth, settings.database, settings.ingress.tunnel
    if isinstance(auth, Identities):
        path = "settings.auth.clientSecretName"
        yield Referred(name=auth.client_secret_name, setting=path, keys=("clientSecret",))
    if isinstance(database, ExternalDatabase):
        path = "settings.database.passwordSecret"
        yield Referred(name=database.password_secret, setting=path, keys=("password",))
    if tunnel:
        path = "settings.ingress.tunnel.tokenSecret"
        yield Referred(name=tunnel.token_secret, setting=path, keys=("token",))


def _of_users(settings: Settings) -> Iterator[Referred]:
    store = settings.storage.object_store
    if isinstance(store, Minio):
        yield Referred(
            name=store.credentials,
            setting="settings.storage.objectStore.credentials",
            keys=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        )
    for at, service in enumerate(settings.services.catalogue):
        # For the hub alone there is no place to put them: a rule says so.
        if service.credentials and service.used_by != "hub":
            path = f"settings.services.catalogue[{at}].credentials"
            yield Referred(name=service.credentials, setting=path, open=True)
    for at, name in enumerate(settings.images.pull_secrets):
        yield Referred(name=name, setting=f"settings.images.pullSecrets[{at}]", keys=(REGISTRY_KEY,))
