"""What hub and notebooks reach beyond the release: each way with its reason, its names and its setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from settings.auth import Cloudflare, Entra, Identities, SharedPassword
from settings.network import Egress, Network, Reach
from settings.services import Services, name_of
from settings.storage import Database, ExternalDatabase, NoObjectStore, Storage


@dataclass(frozen=True, kw_only=True)
class Way:
    """Something to be reached, and how packets find it."""

    target: str
    why: str
    reach: Reach
    setting: str
    """Path of the Reach."""
    hosts: tuple[str, ...] = ()
    scheme: str = "https"
    """What is spoken: an HTTP proxy carries nothing but http and https."""
    granted: str | None = None
    """The service that a user must have been granted; None: every pod of the kind goes there."""


def of_hub(
    auth: SharedPassword | Identities, database: Database, services: Services, network: Network
) -> Iterator[Way]:
    """Give what the hub reaches."""
    if isinstance(auth, Identities):
        yield Way(
            target="identity-provider",
            why="sign-in",
            reach=auth.reach,
            setting="settings.auth.reach",
            hosts=provider_hosts(auth),
        )
    if isinstance(database, ExternalDatabase):
        yield Way(
            target="database",
            why="the hub's users, servers and tokens",
            reach=database.reach,
            setting="settings.database.reach",
            hosts=(database.host,),
            scheme="postgresql",
        )
    yield from _services(services, "hub")
    yield from _named(network.hub_egress, "settings.network.hubEgress")


def of_users(storage: Storage, services: Services, network: Network) -> Iterator[Way]:
    """Give what notebooks reach."""
    store = storage.object_store
    if not isinstance(store, NoObjectStore):
        yield Way(
            target="object-store",
            why="the bucket",
            reach=store.reach,
            setting="settings.storage.objectStore.reach",
            hosts=(host_of(store.endpoint),),
            scheme=urlsplit(store.endpoint).scheme,
        )
    yield from _services(services, "users")
    yield from _named(network.user_egress, "settings.network.userEgress")


def _services(services: Services, who: Literal["hub", "users"]) -> Iterator[Way]:
    for at, service in enumerate(services.catalogue):
        if service.used_by in (who, "both"):
            yield Way(
                target=f"service-{name_of(service)}",
                why=f"platform service {service.kind}",
                reach=service.reach,
                setting=f"settings.services.catalogue[{at}].reach",
                hosts=(host_of(service.url),),
                scheme=urlsplit(service.url).scheme,
                granted=name_of(service) if who == "users" else None,
            )


def _named(ways: tuple[Egress, ...], path: str) -> Iterator[Way]:
    for at, way in enumerate(ways):
        yield Way(
            target=way.name,
            why=way.reach.public443 or "named in the settings",
            reach=way.reach,
            setting=f"{path}[{at}].reach",
        )


def provider_hosts(auth: Identities) -> tuple[str, ...]:
    """Give the names that the hub asks when somebody signs in."""
    if isinstance(auth, Entra):
        # Graph is asked when somebody is in more groups than a token holds.
        return (auth.login_host, auth.graph_host)
    if isinstance(auth, Cloudflare):
        return (f"{auth.team}.cloudflareaccess.com",)
    return ("github.com", "api.github.com")


def host_of(url: str) -> str:
    """Give the host of an address."""
    return urlsplit(url).hostname or ""
