"""What Helm wrote down about a release, read from its Secrets in the cluster."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from embedded.providers.codec import Properties
from embedded.providers.kube.client import Client
from embedded.providers.release.inputs import merged

PENDING = ("pending-install", "pending-upgrade", "pending-rollback")


@dataclass(frozen=True)
class Record:
    """One revision of a release."""

    raw: Mapping[str, Any]

    @property
    def revision(self) -> int:
        """The number of this revision."""
        return int(self.raw.get("version") or 0)

    @property
    def status(self) -> str:
        """Deployed, failed, pending-upgrade and so on."""
        return str((self.raw.get("info") or {}).get("status") or "unknown")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The chart's own description."""
        return (self.raw.get("chart") or {}).get("metadata") or {}

    @property
    def values(self) -> Properties:
        """The values given to this revision."""
        return dict(self.raw.get("config") or {})

    @property
    def namespace(self) -> str:
        """Where the release lives."""
        return str(self.raw.get("namespace") or "")

    def outputs(self, inputs: Properties) -> Properties:
        """Write the state of a release: its inputs, with what Helm knows about it."""
        return {
            **inputs,
            "name": inputs.get("name") or self.raw.get("name"),
            "namespace": inputs.get("namespace") or self.namespace,
            "chart": inputs.get("chart") or self.metadata.get("name"),
            "values": merged(inputs.get("values") or {}, self.values),
            "version": self.metadata.get("version") or "",
            "resourceNames": resource_names(str(self.raw.get("manifest") or "")),
            "status": {
                "status": self.status,
                "name": self.raw.get("name"),
                "namespace": self.namespace,
                "revision": self.revision,
                "chart": self.metadata.get("name") or "",
                "version": self.metadata.get("version") or "",
                "appVersion": self.metadata.get("appVersion") or "",
            },
        }


def history(client: Client, namespace: str, name: str) -> list[Record]:
    """Read all revisions, oldest first."""
    listed = client.get(
        f"/api/v1/namespaces/{namespace}/secrets", labelSelector=f"owner=helm,name={name}"
    ).get("items")
    found = [
        Record(unpack(one["data"]["release"])) for one in listed or [] if "release" in one.get("data", {})
    ]
    return sorted(found, key=lambda record: record.revision)


def latest(client: Client, namespace: str, name: str) -> Record | None:
    """Read the last revision."""
    found = history(client, namespace, name)
    return found[-1] if found else None


def unpack(data: str) -> dict[str, Any]:
    """Read one record: JSON, compressed, as base64 inside the Secret's own base64."""
    inner = base64.b64decode(base64.b64decode(data))
    packed = inner.startswith(b"\x1f\x8b")
    record: dict[str, Any] = json.loads(gzip.decompress(inner) if packed else inner)
    return record


def resource_names(manifest: str) -> dict[str, list[str]]:
    """List the objects of a manifest by kind and version."""
    found: dict[str, set[str]] = {}
    for one in yaml.load_all(manifest, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if not isinstance(one, dict) or not one.get("kind"):
            continue
        api_version = str(one.get("apiVersion"))
        group = api_version.rpartition("/")[0]
        key = f"{one['kind']}{'.' if group else ''}{group}/{api_version}"
        place = one.get("metadata") or {}
        name = str(place.get("name"))
        found.setdefault(key, set()).add(f"{place['namespace']}/{name}" if place.get("namespace") else name)
    return {key: sorted(names) for key, names in sorted(found.items())}
