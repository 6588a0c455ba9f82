"""The images of a release: ours, and where those of the chart come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from settings.names import DnsLabel, Form, ImageName, ImageTag
from settings.section import Section

ImageDigest = Annotated[str, Form("the digest of an image", r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, 71)]
MirrorPrefix = Annotated[
    str,
    Form(
        "a registry, with the path below which it mirrors others",
        r"[a-z0-9.-]+(?::\d{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*",
        "artifactory.example.org/docker-remote",
    ),
]


class Image(Section):
    """One image; what a tag means must not change."""

    name: ImageName
    """Name with registry, without tag."""
    tag: ImageTag
    """What it means must not change."""
    digest: ImageDigest | None = None
    """What the tag meant when it was reviewed: with a digest a node pulls this content or nothing."""

    @property
    def pinned_tag(self) -> str:
        """The tag with its digest: what follows the colon wherever the chart takes name and tag."""
        return f"{self.tag}@{self.digest}" if self.digest else self.tag

    @property
    def reference(self) -> str:
        """The image as a container names it."""
        return f"{self.name}:{self.pinned_tag}"


CLOUDFLARED = Image(name="docker.io/cloudflare/cloudflared", tag="2026.8.2")
"""The tunnel's connector as Cloudflare publishes it."""


class Images(Section):
    """The three images of a release, the connector's, and the registry for all that is not named here."""

    hub: Image
    """JupyterHub with KubeSpawner and the authenticators."""
    proxy: Image
    """Configurable HTTP proxy: every request goes through it."""
    notebook: Image
    """What users work in."""
    connector: Image | None = None
    """The tunnel's connector. When not given, Cloudflare's own at a version named here, from the mirror."""
    pull_secrets: tuple[DnsLabel, ...] = ()
    """Secrets of the namespace with which the nodes sign in at the registry."""
    mirror: MirrorPrefix | None = None
    """The only registry that nodes reach: the chart's own images are taken from below this prefix."""
    digests: Literal["required", "allowed"] = "allowed"
    """`required`: an image without a digest is not deployed."""

    def named(self) -> Iterator[tuple[str, Image]]:
        """Give the images that the settings name, with the names of their fields."""
        yield from (("hub", self.hub), ("proxy", self.proxy), ("notebook", self.notebook))
        if self.connector:
            yield "connector", self.connector

    @property
    def of_connector(self) -> Image:
        """The image of the tunnel's connector, given or not."""
        if self.connector:
            return self.connector
        if self.mirror:
            path = CLOUDFLARED.name.partition("/")[2]
            return CLOUDFLARED.model_copy(update={"name": f"{self.mirror}/{path}"})
        return CLOUDFLARED

    @property
    def mirror_registry(self) -> str | None:
        """The mirror's host, where images of our own may lie beside the mirrored ones."""
        return self.mirror.split("/", 1)[0] if self.mirror else None
