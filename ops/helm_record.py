"""What Helm writes down about a release: a Secret for each revision."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from ops.kubectl import Json, Kubectl


def record(data: str) -> Mapping[str, Any]:
    """Read what Helm wrote: JSON, compressed, as base64 inside the Secret's own base64."""
    found: Mapping[str, Any] = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(data))))
    return found


def revisions(cluster: Kubectl, release: str) -> list[Json]:
    """Give the Secrets of a release's revisions, the oldest first."""
    found = cluster.items("secrets", f"owner=helm,name={release}")
    return sorted(found, key=lambda one: int(one["metadata"]["labels"].get("version", 0)))
