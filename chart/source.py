"""The chart archive: found at its path in the project, held against version and digest, and read."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from settings.chart import Chart
from settings.finding import Finding

NAME = "jupyterhub"


class Unusable(Exception):
    """The chart archive cannot be used; says why, as a finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True)
class Archive:
    """What the program needs to know of a chart."""

    version: str
    defaults: dict[str, Any]
    schema: dict[str, Any]


def load(chart: Chart, project: Path) -> Archive:
    """Read the archive that the settings name, or raise Unusable."""
    place = project / chart.archive_path
    if not place.is_file():
        raise _unusable(
            "path",
            f"there is no file {chart.archive_path} in the project.",
            f"Put the packed chart {NAME} {chart.version} there; on this machine `make up` does it.",
        )
    packed = place.read_bytes()
    found = hashlib.sha256(packed).hexdigest()
    if chart.digest and found != chart.digest:
        raise _unusable(
            "digest",
            f"{chart.archive_path} has the digest {found}.",
            "Find out where the archive comes from; take the new digest only when you know.",
        )
    return _checked(_read(packed, chart), chart)


def _read(packed: bytes, chart: Chart) -> dict[str, bytes]:
    """Give the files that lie directly in the chart's folder, by name."""
    wanted = ("Chart.yaml", "values.yaml", "values.schema.json")
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            files = {}
            for name in wanted:
                member = archive.extractfile(f"{NAME}/{name}")
                files[name] = member.read() if member else b""
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise _unusable(
            "path",
            f"{chart.archive_path} is no packed chart {NAME} with {', '.join(wanted)}: {error}.",
            "Pack it again with helm package, or fetch it again.",
        ) from error
    return files


def _checked(files: dict[str, bytes], chart: Chart) -> Archive:
    meta = yaml.safe_load(files["Chart.yaml"])
    if meta["name"] != NAME or meta["version"] != chart.version:
        raise _unusable(
            "version",
            f"{chart.archive_path} is {meta['name']} {meta['version']}, not {NAME} {chart.version}.",
            "Give the version that is there, or put the wanted archive in its place.",
        )
    return Archive(
        version=meta["version"],
        defaults=yaml.safe_load(files["values.yaml"]),
        schema=json.loads(files["values.schema.json"]),
    )


def _unusable(field: str, what: str, remedy: str) -> Unusable:
    return Unusable(
        Finding(
            path=f"settings.chart.{field}",
            rule="C1",
            what=what,
            follows="Helm would install something else than what was reviewed, or nothing.",
            remedy=remedy,
        )
    )
