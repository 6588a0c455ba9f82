"""A chart from a Helm repository: index.yaml, the entry of the version, its archive.

A repository behind a login is asked with the login of ~/.netrc (or the file that NETRC names).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml

from chart import transport
from chart.archive import digest
from chart.nearest import nearest
from chart.transport import MEBI
from chart.unusable import unusable
from settings.chart import RepositoryChart, is_this_machine

_LOGIN = "Put the login into ~/.netrc (machine, login, password), readable by you alone."
# The index of a repository with many development versions is a few MiB; a chart is below one.
_INDEX_MOST, _CHART_MOST = 64 * MEBI, 20 * MEBI
# In C where PyYAML was built with it: an index of some MiB takes the other one half a minute.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def from_repository(chart: RepositoryChart) -> bytes:
    """Give the packed chart, or raise Unusable."""
    base = chart.url if chart.url.endswith("/") else f"{chart.url}/"
    entry = _entry(_index(base), chart)
    address = _address(entry, base, chart)
    packed = _get(address, _CHART_MOST)
    promised = str(entry.get("digest") or "").removeprefix("sha256:")
    if promised and promised != digest(packed):
        raise unusable(
            "url",
            f"the archive of {chart.version} has the digest {digest(packed)}, and the index of {base} says "
            f"{promised}.",
            "Fetch it again; if it stays so, repository or a proxy on the way is damaged.",
        )
    return packed


def _index(base: str) -> dict[str, Any]:
    address = urljoin(base, "index.yaml")
    try:
        # A safe loader: _Loader is one of the two.
        index = yaml.load(_get(address, _INDEX_MOST), Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError):
        index = None
    if not isinstance(index, dict) or not isinstance(index.get("entries"), dict):
        raise unusable(
            "url",
            f"{address} is no index of a Helm repository.",
            "Correct the address; a sign-in page or a proxy's page in its place looks the same from here.",
        )
    return index


def _entry(index: dict[str, Any], chart: RepositoryChart) -> dict[str, Any]:
    known = index["entries"].get(chart.name)
    entries = [entry for entry in known if isinstance(entry, dict)] if isinstance(known, list) else []
    if not entries:
        charts = ", ".join(sorted(str(name) for name in index["entries"])[:10]) or "none"
        raise unusable(
            "name", f"the repository has no chart {chart.name}.", f"Correct the name. It has: {charts}."
        )
    for entry in entries:
        if entry.get("version") == chart.version:
            return entry
    versions = [str(entry.get("version")) for entry in entries]
    raise unusable(
        "version",
        f"the repository has no {chart.name} {chart.version}.",
        f"Choose one that it has. {nearest(chart.version, versions)}",
    )


def _address(entry: dict[str, Any], base: str, chart: RepositoryChart) -> str:
    """Give the address of the archive, which may lie on another host than the index."""
    urls = entry.get("urls")
    address = urljoin(base, str(urls[0])) if isinstance(urls, list) and urls else ""
    parts = urlsplit(address)
    if parts.scheme == "oci":
        raise unusable(
            "source",
            f"the repository says that {chart.version} lies in a registry: {address}.",
            "Use source: oci with that address, without its tag.",
        )
    if parts.scheme not in ("http", "https"):
        raise unusable(
            "url", f"the index names no address for {chart.version}.", "Have the repository corrected."
        )
    held = chart.digest or entry.get("digest")
    if parts.scheme == "http" and not held and not is_this_machine(parts.hostname or ""):
        raise unusable(
            "digest",
            f"the archive comes over plain HTTP from {parts.hostname}, and no digest holds it.",
            "Add the digest of the chart that was reviewed.",
        )
    return address


def _get(address: str, most: int) -> bytes:
    answer = transport.get(address, field="url", most=most)
    if answer.status != transport.OK:
        raise transport.refused(answer, "url", urlsplit(address).netloc, _LOGIN)
    return answer.body
