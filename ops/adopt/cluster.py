"""What the stack's cluster has already: kubectl looks, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.adopt.plan import Wanted
from ops.helm_record import record, revisions
from ops.kubectl import Kubectl

Object = Mapping[str, Any]
DATABASE_CLAIM = "hub-db-dir"
"""What the chart calls the claim that it makes for a database in a file."""


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
        return self._in(wanted.namespace).find(f"{wanted.kind}.{version}.{group}", wanted.name)

    def _release(self, wanted: Wanted) -> Object | None:
        here = self._in(wanted.namespace)
        found = revisions(here, wanted.name)
        if not found:
            return None
        claim = here.find("PersistentVolumeClaim.v1.", DATABASE_CLAIM)
        return {**record(found[-1]["data"]["release"]), DATABASE_CLAIM: claim}

    def _in(self, namespace: str) -> Kubectl:
        return Kubectl(namespace, self.context or None, self.kubeconfig or None)
