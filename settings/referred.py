"""The Secrets of the namespace that settings name: what each must hold, and which setting names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from settings.auth import Auth, Identities
from settings.door import Door
from settings.images import Images
from settings.services import Services
from settings.storage import Database, ExternalDatabase, Minio, Storage

if TYPE_CHECKING:
    # The document knows the rules, and those know what is here.
    from settings.document import Settings

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
    return merged(by_hub(settings.auth, settings.database, settings.ingress))


def of_users(settings: Settings) -> tuple[Referred, ...]:
    """Give those of user pods and nodes, which no flat key of its own stands for."""
    return merged([*by_users(settings.storage, settings.services), *by_registries(settings.images)])


def referred(settings: Settings) -> tuple[Referred, ...]:
    """Give all of them."""
    return merged([*of_hub(settings), *of_users(settings)])


def merged(found: Iterable[Referred]) -> tuple[Referred, ...]:
    """Join those of one name: one Secret may hold what several settings want."""
    joined: dict[str, Referred] = {}
    for one in found:
        known = joined.get(one.name, one)
        keys = tuple(dict.fromkeys((*known.keys, *one.keys)))
        joined[one.name] = replace(known, keys=keys, open=known.open or one.open)
    return tuple(joined.values())


def by_hub(auth: Auth, database: Database, ingress: Door) -> Iterator[Referred]:
    """Give those that hub and connector read."""
    if isinstance(auth, Identities):
        path = "settings.auth.clientSecretName"
        yield Referred(name=auth.client_secret_name, setting=path, keys=("clientSecret",))
    if isinstance(database, ExternalDatabase):
        path = "settings.database.passwordSecret"
        yield Referred(name=database.password_secret, setting=path, keys=("password",))
    if ingress.tunnel:
        path = "settings.ingress.tunnel.tokenSecret"
        yield Referred(name=ingress.tunnel.token_secret, setting=path, keys=("token",))


def by_users(storage: Storage, services: Services) -> Iterator[Referred]:
    """Give those that become variables of user pods."""
    if isinstance(store := storage.object_store, Minio):
        yield Referred(
            name=store.credentials,
            setting="settings.storage.objectStore.credentials",
            keys=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        )
    for at, service in enumerate(services.catalogue):
        # For the hub alone there is no place to put them: a rule says so.
        if service.credentials and service.used_by != "hub":
            path = f"settings.services.catalogue[{at}].credentials"
            yield Referred(name=service.credentials, setting=path, open=True)


def by_registries(images: Images) -> Iterator[Referred]:
    """Give those with which nodes sign in at a registry."""
    for at, name in enumerate(images.pull_secrets):
        yield Referred(name=name, setting=f"settings.images.pullSecrets[{at}]", keys=(REGISTRY_KEY,))
