"""The images of a release: ours, and where those of the chart come from."""

from __future__ import annotations

from settings.names import DnsLabel, ImageName, ImageTag
from settings.section import Section


class Image(Section):
    """One image; what a tag means must not change."""

    name: ImageName
    tag: ImageTag


class Images(Section):
    """The three images of a release."""

    hub: Image
    proxy: Image
    notebook: Image
    pull_secrets: tuple[DnsLabel, ...] = ()
