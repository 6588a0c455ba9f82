"""What the chart gave this hub: values, secrets and names of objects, for configuration to read.

The name and `get_config` are the ones that the JupyterHub chart documents for code in `hub.extraConfig`.
Everything is read from the files mounted beside this one; the existing Secret wins over the chart's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
# First come, first served.
SECRETS = (HERE / "existing-secret", HERE / "secret")
_MISSING = object()


def get_config(path: str, default: Any = None) -> Any:  # noqa: ANN401  a value is any YAML
    """Give the value at a dotted path, or the default where nothing or null stands there."""
    found: Any = values()
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return default
        found = found[part]
    return default if found is None else found


def get_secret_value(key: str, default: Any = _MISSING) -> Any:  # noqa: ANN401  any default
    """Give one key of the mounted Secrets; without a default its absence is an error."""
    for folder in SECRETS:
        place = folder / key
        if place.is_file():
            return place.read_text(encoding="utf-8")
    if default is _MISSING:
        raise KeyError(f"Neither hub.existingSecret nor the chart's Secret has the key {key}.")
    return default


def get_name(name: str) -> str:
    """Give what an object of the release is called, by its place in the chart (`hub`, `proxy-api`)."""
    return (HERE / "config" / name).read_text(encoding="utf-8").strip()


def get_name_env(name: str, suffix: str = "") -> str:
    """Give the variable that Kubernetes sets for a Service, by its place in the chart."""
    variable = get_name(name).replace("-", "_").upper() + suffix
    return os.environ[variable]


@cache
def values() -> dict[str, Any]:
    """Give all values: the chart's, with those of the existing Secret laid over them."""
    whole: dict[str, Any] = {}
    for folder in reversed(SECRETS):
        place = folder / "values.yaml"
        if place.is_file():
            whole = over(whole, yaml.safe_load(place.read_text(encoding="utf-8")) or {})
    return whole


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree over another: mappings join, everything else replaces."""
    joined = dict(below)
    for key, value in above.items():
        there = joined.get(key)
        both = isinstance(there, Mapping) and isinstance(value, Mapping)
        joined[key] = over(there, value) if both else value  # type: ignore[arg-type]
    return joined
