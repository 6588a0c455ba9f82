"""Logins for registries, as `docker login` and `helm registry login` keep them. Read, never shown."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOW = "Sign in with `helm registry login {host}` or `docker login {host}`."


def basic(host: str) -> tuple[str, str] | None:
    """Give user and password for a registry, or nothing where no file has them."""
    for place in _places():
        entry = _entry(_logins(place), host)
        if entry and (found := _decoded(entry.get("auth"))):
            return found
    return None


def _places() -> Iterator[Path]:
    """Give the files in the order in which Helm asks them."""
    home = Path.home()
    if named := os.environ.get("HELM_REGISTRY_CONFIG"):
        yield Path(named)
    config = os.environ.get("HELM_CONFIG_HOME")
    base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    yield (Path(config) if config else base / "helm") / "registry" / "config.json"
    docker = os.environ.get("DOCKER_CONFIG")
    yield (Path(docker) if docker else home / ".docker") / "config.json"


def _logins(place: Path) -> dict[str, Any]:
    """Give the logins of a file; one that cannot be read has none."""
    try:
        content = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    logins = content.get("auths") if isinstance(content, dict) else None
    return logins if isinstance(logins, dict) else {}


def _entry(logins: dict[str, Any], host: str) -> dict[str, Any] | None:
    """Find a host: it is written bare, or as an address (`https://registry.example.org/v2/`)."""
    for key, entry in logins.items():
        if isinstance(entry, dict) and key.rpartition("://")[2].partition("/")[0] == host:
            return entry
    return None


def _decoded(auth: object) -> tuple[str, str] | None:
    try:
        user, colon, password = base64.b64decode(str(auth), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon and user else None
