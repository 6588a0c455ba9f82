"""A stack file made to fit the cluster at hand: the committed one with a short, checked list of changes.

Only where the cluster is, which images and chart there are, which classes and ports, and whether
anything can be waited for may differ; everything else of a stack runs here as it is committed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from embedded.fault import Fault

SETTINGS = "jupyterhub:settings"

# The paths below `jupyterhub:settings` that an overlay may set.
ALLOWED = frozenset(
    {
        "cluster.context",
        "chart.path",
        "chart.version",
        "hub.awaitReady",
        "images.hub.name",
        "images.hub.tag",
        "images.notebook.name",
        "images.notebook.tag",
        "images.proxy.name",
        "images.proxy.tag",
        "ingress.port",
        "network.apiServer.ports",
    }
)


def read(file: Path) -> dict[str, Any]:
    """Read a stack file."""
    document = yaml.safe_load(file.read_text()) or {}
    if not isinstance(document, dict) or SETTINGS not in document.get("config", {}):
        raise Fault(
            f"{file.name} has no `config: {SETTINGS}:`.",
            "There is nothing to deploy.",
            "Restore the file from git, or write the settings; docs/ describes every field.",
        )
    return document


def overlay(document: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """Return the document with the changes made, and nothing else of it touched."""
    result: dict[str, Any] = copy.deepcopy(dict(document))
    for path, value in changes.items():
        if path not in ALLOWED:
            raise ValueError(f"an overlay must not change settings.{path}")
        *parents, leaf = path.split(".")
        place = result["config"][SETTINGS]
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return result
