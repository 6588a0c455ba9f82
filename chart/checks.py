"""What an archive shows that the settings alone do not: whether it is pinned, and what it is made for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chart.archive import Archive
from settings import Settings
from settings.chart import Chart, PathChart
from settings.finding import Finding

_BOUND = re.compile(r"(>=|<=|>|<|=)?\s*v?(\d+)\.(\d+)(?:\.(\d+))?(?:-[0-9A-Za-z.-]+)?")


def findings(settings: Settings, archive: Archive) -> list[Finding]:
    """Give errors, and warnings that let the deployment go on."""
    return [*_pinned(settings.chart, archive), *_fits(settings.cluster.kubernetes, archive)]


def _pinned(chart: Chart, archive: Archive) -> Iterator[Finding]:
    """Advise to pin what comes from outside by its content."""
    if not isinstance(chart, PathChart) and not chart.digest:
        yield Finding(
            path="settings.chart.digest",
            rule="C2",
            what=f"chart {chart.version} is held by its version alone.",
            follows="Whoever may write to the place it comes from can change what is deployed.",
            remedy=f"Once you trust what was fetched, add: digest: {archive.digest}",
            severity="warning",
        )


def _fits(cluster: str | None, archive: Archive) -> Iterator[Finding]:
    """Refuse a cluster that the chart is not made for, as Helm would after everything else is there."""
    if cluster and not admits(archive.kubernetes, cluster):
        yield Finding(
            path="settings.cluster.kubernetes",
            rule="D26",
            what=f"chart {archive.version} wants Kubernetes {archive.kubernetes}, not {cluster}.",
            follows="Helm refuses the release.",
            remedy="Upgrade the cluster, or choose a chart version that is made for it.",
        )


def admits(wanted: str, cluster: str) -> bool:
    """Tell whether a range such as `>=1.28.0-0` admits some patch release of a version such as `1.32`.

    A form that is not known here admits everything: Helm judges again, with the cluster's own answer.
    """
    major, minor = (int(part) for part in cluster.split("."))
    return any(_all_bounds(part, (major, minor)) for part in wanted.split("||"))


def _all_bounds(part: str, version: tuple[int, int]) -> bool:
    bounds = _BOUND.findall(part)
    if _BOUND.sub("", part).strip(" ,"):
        return True
    return all(
        _within(sign, (int(major), int(minor)), patch, version) for sign, major, minor, patch in bounds
    )


def _within(sign: str, bound: tuple[int, int], patch: str, version: tuple[int, int]) -> bool:
    if sign in (">", ">="):
        return version >= bound
    if sign == "<=":
        return version <= bound
    if sign == "<":
        return version < bound or (version == bound and patch not in ("", "0"))
    return version == bound
