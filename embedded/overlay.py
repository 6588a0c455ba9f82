"""A stack file made to fit the cluster at hand: the committed one with a short, checked list of changes.

Only the cluster, the images, the chart, and whether anything can be waited for may differ; everything
else of a stack (names, namespaces, classes, doors, sign-in, resources) runs here as it is committed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from embedded.stacks import SETTINGS

# The paths below `jupyterhub:settings` that an overlay may set or, with None, leave out.
ALLOWED = frozenset(
    {
        "chart",
        "cluster.caBundle.certificates",
        "cluster.caBundle.configMap",
        "cluster.context",
        "hub.awaitReady",
        "images.connector",
        "images.hub",
        "images.mirror",
        "images.notebook",
        "images.proxy",
        "ingress.port",
        "network.apiServer",
        "network.dns",
        "network.ingressFrom",
    }
)


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
        if value is None:
            place.pop(leaf, None)
        else:
            place[leaf] = value
    return result
