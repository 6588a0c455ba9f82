"""The Helm chart: which one, and where it comes from."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from settings.names import DnsLabel, Form, RelativePath, Sha256, Version
from settings.section import Section

_FOLDER = ".charts"

RepositoryUrl = Annotated[
    str,
    Form(
        "the address of a Helm repository, and no user or password in it",
        r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~%+-]+)*/?",
        "https://hub.jupyter.org/helm-chart/",
        512,
    ),
]
OciReference = Annotated[
    str,
    Form(
        "a chart in an OCI registry, without a tag",
        r"oci://[a-z0-9.-]+(?::\d{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+",
        "oci://registry.example.org/helm/jupyterhub",
        512,
    ),
]


class PinnedChart(Section):
    """What every source has: the exact version, and the content."""

    version: Version
    """Exact version of the chart."""
    digest: Sha256 | None = None
    """SHA-256 of the packed chart: the same version cannot become something else."""

    @property
    def chart_name(self) -> str:
        """The chart's name, which is its folder in the archive."""
        return "jupyterhub"

    @property
    def archive_path(self) -> str:
        """Where the packed chart lies, relative to the project; what is fetched is put there."""
        return f"{_FOLDER}/{self.chart_name}-{self.version}.tgz"


class PathChart(PinnedChart):
    """An archive in the project: put there by hand, by a pipeline, or by `make up`."""

    source: Literal["path"]
    path: RelativePath
    """The packed chart, relative to the project."""

    @property
    def archive_path(self) -> str:
        """Where the packed chart lies, relative to the project."""
        return self.path


class RepositoryChart(PinnedChart):
    """A Helm repository: an index over HTTP."""

    source: Literal["repository"]
    url: RepositoryUrl
    """Where the repository's index.yaml lies."""
    name: DnsLabel = "jupyterhub"
    """The chart's name in the repository's index."""

    @property
    def chart_name(self) -> str:
        """The chart's name, which is its folder in the archive."""
        return self.name


class OciChart(PinnedChart):
    """An OCI registry, such as Artifactory or Harbor: the version is the tag."""

    source: Literal["oci"]
    ref: OciReference
    """Registry and path of the chart; its last part is the chart's name."""

    @property
    def host(self) -> str:
        """The registry, with its port if it has one."""
        return urlsplit(self.ref).netloc

    @property
    def repository(self) -> str:
        """The path in the registry."""
        return urlsplit(self.ref).path.removeprefix("/")

    @property
    def chart_name(self) -> str:
        """The chart's name, which is its folder in the archive; `helm push` makes it the last part."""
        return self.ref.rsplit("/", 1)[-1]


Chart = Annotated[PathChart | RepositoryChart | OciChart, Field(discriminator="source")]


def is_this_machine(host: str) -> bool:
    """Tell whether a host name can only mean the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
