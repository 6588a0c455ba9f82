"""Files written whole or not at all, and not touched when they would not change."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import yaml

STARTED = "---- started at "


def write(path: Path, content: str | bytes, mode: int = 0o644) -> bool:
    """Write a file in one step; says whether anything changed."""
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data and path.stat().st_mode & 0o777 == mode:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    # The mode is set before the content: a key is never readable by others, not even for a moment.
    fresh.touch(mode=0o600)
    fresh.chmod(mode)
    fresh.write_bytes(data)
    fresh.replace(path)
    return True


def write_yaml(path: Path, document: Any, mode: int = 0o644) -> bool:  # noqa: ANN401  any document
    """Write a YAML document."""
    return write(path, yaml.safe_dump(document, sort_keys=False), mode)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty when the file is missing or half written."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def last_lines(path: Path, count: int = 12, width: int = 300) -> list[str]:
    """The end of a log since its last start, each line cut to a readable length."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 64 * 1024))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    lines = [line[:width] for line in text.rpartition(STARTED)[2].splitlines() if line.strip()]
    return lines[1:][-count:] if STARTED in text else lines[-count:]
