"""Where the chart comes from: an archive in the project, fetched when it is not there, held and read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from chart.archive import Archive, digest, read
from chart.oci import from_registry
from chart.repository import from_repository
from chart.unusable import Unusable, unusable
from settings.chart import Chart, OciChart, PathChart, RepositoryChart

__all__ = ["Archive", "Unusable", "at_hand", "load"]


def load(chart: Chart, project: Path) -> Archive:
    """Read the archive that the settings name, fetch it first where it is not there, or raise Unusable."""
    if held := at_hand(chart, project):
        return held
    if isinstance(chart, PathChart):
        raise unusable(
            "path",
            f"there is no file {chart.path} in the project.",
            f"Put the packed chart {chart.chart_name} {chart.version} there. "
            "`make up` brings one of its own for the embedded node, and for nothing else.",
        )
    packed = _fetched(chart)
    archive = _from_afar(packed, chart)
    _write(project / chart.archive_path, packed)
    return archive


def at_hand(chart: Chart, project: Path) -> Archive | None:
    """Read the archive where it lies in the project already, and fetch nothing; or raise Unusable."""
    place = project / chart.archive_path
    return _held(place.read_bytes(), chart) if place.is_file() else None


def _held(packed: bytes, chart: Chart) -> Archive:
    """Read what lies in the project, when it is what was pinned."""
    found = digest(packed)
    if chart.digest and found != chart.digest:
        again = "" if isinstance(chart, PathChart) else "Remove the file to fetch the chart again. "
        raise unusable(
            "digest",
            f"{chart.archive_path} has the digest {found}.",
            f"{again}Find out where the archive comes from; take the new digest only when you know.",
        )
    return read(packed, chart, chart.archive_path)


def _fetched(chart: RepositoryChart | OciChart) -> bytes:
    return from_registry(chart) if isinstance(chart, OciChart) else from_repository(chart)


def _from_afar(packed: bytes, chart: RepositoryChart | OciChart) -> Archive:
    """Hold what came against the pinned digest, before it takes its name in the project."""
    place = chart.ref if isinstance(chart, OciChart) else chart.url
    found = digest(packed)
    if chart.digest and found != chart.digest:
        raise unusable(
            "digest",
            f"what {place} gives as {chart.version} has the digest {found}.",
            "A released version never changes: ask whoever keeps the place. Take the new digest only when "
            "you know why it changed.",
        )
    return read(packed, chart, f"what {place} gives as {chart.version}")


def _write(place: Path, packed: bytes) -> None:
    """Write whole or not at all: an interrupted run must not leave half a chart under a good name."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        half, name = tempfile.mkstemp(dir=place.parent, prefix=".fetching-")
        try:
            with os.fdopen(half, "wb") as file:
                file.write(packed)
            Path(name).chmod(0o644)
            Path(name).replace(place)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unusable(
            "version",
            f"the fetched chart cannot be written to {place.parent.name}/: {error.strerror}.",
            "Make the project's folder writable and give its disk room.",
        ) from error
