"""A packed chart, read: what the program needs of it, and nothing of its templates."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import Any

import yaml

from chart.unusable import unusable
from settings.chart import Chart

_FILES = ("Chart.yaml", "values.yaml", "values.schema.json")


@dataclass(frozen=True)
class Archive:
    """What the program needs to know of a chart."""

    version: str
    defaults: dict[str, Any]
    schema: dict[str, Any]
    digest: str = ""
    """SHA-256 of the archive."""
    kubernetes: str = ""
    """The range of Kubernetes versions that the chart names; empty when it names none."""
    hub: str = ""
    """The version of JupyterHub that the chart is made for."""


def read(packed: bytes, chart: Chart, where: str) -> Archive:
    """Read a packed chart, or raise Unusable when it is not the one that the settings name."""
    files = _files(packed, chart, where)
    try:
        meta = yaml.safe_load(files["Chart.yaml"])
        found = f"{meta['name']} {meta['version']}"
        defaults, schema = yaml.safe_load(files["values.yaml"]), json.loads(files["values.schema.json"])
    except (yaml.YAMLError, ValueError, TypeError, KeyError) as error:
        raise _no_chart(chart, where, type(error).__name__) from error
    if found != f"{chart.chart_name} {chart.version}":
        raise unusable(
            "version",
            f"{where} is {found}, not {chart.chart_name} {chart.version}.",
            "Give the version that is there, or put the wanted archive in its place.",
        )
    return Archive(
        version=chart.version,
        defaults=defaults or {},
        schema=schema,
        digest=digest(packed),
        kubernetes=str(meta.get("kubeVersion") or ""),
        hub=str(meta.get("appVersion") or ""),
    )


def digest(packed: bytes) -> str:
    """Give the SHA-256 of an archive, as `chart.digest` holds it."""
    return hashlib.sha256(packed).hexdigest()


def _files(packed: bytes, chart: Chart, where: str) -> dict[str, bytes]:
    """Give the files that lie directly in the chart's folder, by name."""
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            for name in _FILES:
                member = archive.extractfile(f"{chart.chart_name}/{name}")
                files[name] = member.read() if member else b""
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise _no_chart(chart, where, str(error)) from error
    return files


def _no_chart(chart: Chart, where: str, why: str) -> Exception:
    return unusable(
        "version" if chart.source != "path" else "path",
        f"{where} is no packed chart {chart.chart_name} with {', '.join(_FILES)}: {why}.",
        "Pack it again with helm package, or fetch it again.",
    )
