"""Flows that no policy of the namespace sees: nodes, people, the deployment itself, a store of secrets.

They are in the list because somebody has to open them: a firewall stands in their way, not a policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from settings.chart import OciChart, PathChart
from settings.document import Settings
from settings.door import Door, hosts
from settings.flow import Flow, Ranges, tcp
from settings.secrets import FromStore, SharedStore
from settings.ways import host_of

# A registry names the place of a layer, and that is elsewhere: as their documentation of firewalls says.
_FURTHER_HOSTS = {
    "docker.io": ("registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"),
    "ghcr.io": ("ghcr.io", "pkg-containers.githubusercontent.com"),
    "quay.io": ("quay.io", *(f"cdn{number:02}.quay.io" for number in range(1, 7))),
}
_NFS = 2049


def flows(settings: Settings) -> Iterator[Flow]:
    """Give what surrounds the release."""
    yield from _people(settings.ingress)
    yield from _images(settings)
    yield from _folder(settings)
    yield from _deployment(settings)
    yield from _secrets(settings)


def _people(door: Door) -> Iterator[Flow]:
    address = None if door.tunnel else door.load_balancer_address
    yield Flow(
        source="people",
        target="cloudflare-edge" if door.tunnel else "ingress",
        why={"machine": "this machine", "corporateNetwork": "the company's network", "public": "everyone"}[
            door.reach
        ],
        ports=tcp(door.port),
        setting="settings.ingress.host",
        peer=Ranges(cidrs=(_single(address),)) if address else None,
        hosts=hosts(door),
    )


def _single(address: str) -> str:
    return f"{address}/{ip_address(address).max_prefixlen}"


def _images(settings: Settings) -> Iterator[Flow]:
    """Name the registries that nodes pull from; `localhost` is none: its images lie on the node."""
    images = settings.images
    named = [(image.name, f"settings.images.{field}.name") for field, image in images.named()]
    named += [
        (image.name, f"settings.profiles[{place}].{below}")
        for place, profile in enumerate(settings.profiles)
        for below, image in profile.named_images()
    ]
    if settings.ingress.tunnel and not images.connector:
        named.append((images.of_connector.name, "settings.ingress.tunnel"))
    if images.mirror:
        named.insert(0, (images.mirror, "settings.images.mirror"))
    seen: set[str] = set()
    for name, setting in named:
        registry = name.split("/", 1)[0]
        host, _, port = registry.partition(":")
        if host != "localhost" and registry not in seen:
            seen.add(registry)
            yield Flow(
                source="nodes",
                target="registry",
                why="images",
                ports=tcp(int(port or 443)),
                setting=setting,
                hosts=_FURTHER_HOSTS.get(host, (host,)),
            )


def _folder(settings: Settings) -> Iterator[Flow]:
    shared = settings.storage.shared
    if shared and shared.nfs:
        yield Flow(
            source="nodes",
            target="nfs-server",
            why="the shared folder",
            ports=tcp(_NFS),
            setting="settings.storage.shared.nfs.server",
            hosts=(shared.nfs.server,),
        )


def _deployment(settings: Settings) -> Iterator[Flow]:
    chart = settings.chart
    if not isinstance(chart, PathChart):
        url, field = (chart.ref, "ref") if isinstance(chart, OciChart) else (chart.url, "url")
        yield Flow(
            source="deployment",
            target="chart",
            why="the chart, by whoever runs pulumi up",
            ports=tcp(_port(url)),
            setting=f"settings.chart.{field}",
            hosts=(host_of(url),),
        )
    reach = settings.network.api_server
    yield Flow(
        source="deployment",
        target="api-server",
        why="pulumi up; the context in the kubeconfig may name an address before these",
        ports=tcp(*reach.ports),
        setting="settings.cluster.context",
        peer=Ranges(cidrs=reach.cidrs),
    )


def _secrets(settings: Settings) -> Iterator[Flow]:
    secrets = settings.secrets
    if isinstance(secrets, FromStore) and not isinstance(secrets.store, SharedStore):
        yield Flow(
            source="external-secrets",
            target="secret-store",
            why="secrets of hub and notebooks",
            ports=tcp(_port(secrets.store.server)),
            setting="settings.secrets.store.server",
            hosts=(host_of(secrets.store.server),),
        )


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (80 if parts.scheme == "http" else 443)
