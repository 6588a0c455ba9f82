"""Rules about the catalogue of platform services: names that differ, credentials that arrive."""

from __future__ import annotations

from collections.abc import Iterator

from settings.cluster import Cluster
from settings.finding import Finding
from settings.services import CARD, CATALOGUE, Services, environment_map, for_users, name_of
from settings.storage import CephS3, Storage


def services_have_their_own_names(services: Services) -> Iterator[Finding]:
    """Refuse two services of one name: the second's environment would replace the first's."""
    seen: set[str] = set()
    for place, service in enumerate(services.catalogue):
        # Objects of the cluster are named by them, and know no capitals.
        name = name_of(service).lower()
        if name in seen:
            yield Finding(
                path=f"settings.services.catalogue[{place}].name",
                rule="D21",
                what=f"there is a service {name} before it.",
                follows="Notebooks would find one of the two under that name, and not know which.",
                remedy="Give one of them a name of its own.",
            )
        seen.add(name)


def credentials_are_for_users(services: Services) -> Iterator[Finding]:
    """Point at credentials that no pod gets."""
    for place, service in enumerate(services.catalogue):
        if service.credentials and service.used_by == "hub":
            yield Finding(
                path=f"settings.services.catalogue[{place}].credentials",
                rule="V1",
                what=f"{service.kind} is for the hub alone, and credentials go to user pods only.",
                follows="Nobody gets them.",
                remedy="Say usedBy: users or both, or leave credentials out.",
                severity="warning",
            )


def passwords_to_services_travel_encrypted(services: Services) -> Iterator[Finding]:
    """Point at credentials in plain HTTP outside the cluster."""
    for place, service in enumerate(services.catalogue):
        if service.url.startswith("http://") and service.credentials and service.reach.namespace is None:
            yield Finding(
                path=f"settings.services.catalogue[{place}].url",
                rule="V1",
                what=f"{service.kind} outside the cluster gets its credentials in plain HTTP.",
                follows="Everybody on the way reads them.",
                remedy="Use https.",
                severity="warning",
            )


def config_maps_have_their_own_names(
    services: Services, storage: Storage, cluster: Cluster
) -> Iterator[Finding]:
    """Refuse the names of the catalogue's ConfigMaps for those of others in the namespace."""
    store = storage.object_store
    taken = {
        "settings.cluster.caBundle.configMap": cluster.ca_bundle.config_map if cluster.ca_bundle else None,
        "settings.storage.objectStore.claim": store.claim if isinstance(store, CephS3) else None,
    }
    told = for_users(services)
    ours = (CATALOGUE, *map(environment_map, told)) if told else ()
    for path, name in taken.items():
        if name in (*ours, *((CARD,) if services.portal_card else ())):
            yield Finding(
                path=path,
                rule="S7",
                what=f"{name} is a ConfigMap that the stack makes for settings.services.",
                follows="One overwrites the other, and user pods find neither.",
                remedy="Choose another name.",
            )


RULES = (
    config_maps_have_their_own_names,
    services_have_their_own_names,
    credentials_are_for_users,
    passwords_to_services_travel_encrypted,
)
