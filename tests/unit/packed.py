"""Chart archives for tests: made on the spot, with a schema that the test chooses."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import yaml

ANYTHING: dict[str, Any] = {"type": "object"}


def pack(
    place: Path,
    version: str = "4.4.0",
    schema: dict[str, Any] = ANYTHING,
    defaults: dict[str, Any] | None = None,
    name: str = "jupyterhub",
) -> Path:
    files = {
        "Chart.yaml": yaml.safe_dump({"name": name, "version": version, "appVersion": "5.5.4"}),
        "values.yaml": yaml.safe_dump(defaults or {}),
        "values.schema.json": json.dumps(schema),
    }
    place.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(place, "w:gz") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"jupyterhub/{file}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return place
