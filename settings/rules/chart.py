"""Rules about the chart: new enough, an archive, and sure to be what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from settings.chart import Chart, PathChart, RepositoryChart, is_this_machine
from settings.finding import Finding

_OLDEST = (4, 4, 0)


def chart_is_new_enough(chart: Chart) -> Iterator[Finding]:
    """Refuse charts that let in whom ours refuses."""
    parts = tuple(int(part) for part in chart.version.split("-")[0].split("+")[0].split("."))
    if parts < _OLDEST:
        yield Finding(
            path="settings.chart.version",
            rule="D1",
            what=f"chart {chart.version} is older than 4.4.0.",
            follows="Old charts ignore sign-in settings that they do not know, and let everybody in.",
            remedy="Use chart 4.4.0 or newer.",
        )


def chart_is_an_archive(chart: Chart) -> Iterator[Finding]:
    """Refuse a path to what is no packed chart."""
    if isinstance(chart, PathChart) and not chart.path.endswith(".tgz"):
        yield Finding(
            path="settings.chart.path",
            rule="C1",
            what=f"{chart.path} is no chart archive.",
            follows="A folder can change under the same name, and no digest holds it.",
            remedy="Pack the chart (helm package) and give the path of the .tgz, relative to the project.",
        )


def chart_arrives_unchanged(chart: Chart) -> Iterator[Finding]:
    """Want TLS or a digest between a repository and this machine."""
    if not isinstance(chart, RepositoryChart) or chart.digest:
        return
    address = urlsplit(chart.url)
    if address.scheme == "http" and not is_this_machine(address.hostname or ""):
        yield Finding(
            path="settings.chart.url",
            rule="C3",
            what=f"the chart comes from {address.hostname} over plain HTTP, and no digest holds it.",
            follows="Whoever sits on the way can give another chart, which then runs in the cluster.",
            remedy="Use https, or add the digest of the chart that was reviewed.",
        )


RULES = (chart_is_new_enough, chart_is_an_archive, chart_arrives_unchanged)
