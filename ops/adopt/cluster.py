"""What the stack's cluster has already: kubectl looks, and changes nothing."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.adopt.plan import Wanted

Object = Mapping[str, Any]
DATABASE_CLAIM = "hub-db-dir"
"""What the chart calls the claim that it makes for a database in a file."""
_NO_SUCH_KIND = ("doesn't have a resource type", "no matches for kind")


class Unreachable(Exception):
    """kubectl got no answer that says whether something is there."""


@dataclass(frozen=True)
class Cluster:
    """One context of one kubeconfig."""

    context: str
    kubeconfig: str

    def find(self, wanted: Wanted) -> Object | None:
        """Give the live object: for a release, what Helm wrote down about its last revision."""
        if wanted.is_release:
            return self._release(wanted)
        group, _, version = wanted.api_version.rpartition("/")
        return self._object(f"{wanted.kind}.{version}.{group}", wanted.namespace, wanted.name)

    def _object(self, kind: str, namespace: str, name: str) -> Object | None:
        place = ["--namespace", namespace] if namespace else []
        found = self._kubectl("get", kind, name, *place, "--ignore-not-found", "-o", "json")
        return json.loads(found) if found else None

    def _release(self, wanted: Wanted) -> Object | None:
        selector = f"owner=helm,name={wanted.name}"
        listed = self._kubectl(
            "get", "secrets", "--namespace", wanted.namespace, "--selector", selector, "-o", "json"
        )
        revisions = json.loads(listed or "{}").get("items") or []
        if not revisions:
            return None
        last = max(revisions, key=lambda one: int(one["metadata"]["labels"].get("version", 0)))
        claim = self._object("PersistentVolumeClaim.v1.", wanted.namespace, DATABASE_CLAIM)
        return {**record(last["data"]["release"]), DATABASE_CLAIM: claim}

    def _kubectl(self, *words: str) -> str:
        command = ["kubectl", "--request-timeout", "20s"]
        if self.kubeconfig:
            command += ["--kubeconfig", self.kubeconfig]
        if self.context:
            command += ["--context", self.context]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        if any(mark in done.stderr for mark in _NO_SUCH_KIND):
            return ""
        raise Unreachable(f"kubectl {' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")


def record(data: str) -> Object:
    """Read what Helm wrote: JSON, compressed, as base64 inside the Secret's own base64."""
    found: Object = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(data))))
    return found
