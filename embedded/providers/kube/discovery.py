"""Which path of the API serves a kind, and whether the kind lives in namespaces."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from embedded.providers.errors import ProviderError
from embedded.providers.kube.client import Client, Object


class NoSuchKind(ProviderError):
    """The API server does not know this kind, or not in this version."""


@dataclass(frozen=True)
class Kind:
    """One served kind."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        """Write the API path of an object, or of the collection."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        middle = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{root}{middle}/{self.plural}" + (f"/{name}" if name else "")


class Discovery:
    """Asks the API server once per group and version, and again after a miss."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()

    def kind(self, api_version: str, kind: str) -> Kind:
        """Find a kind, or raise NoSuchKind."""
        with self._lock:
            found = self._known.get(api_version, {}).get(kind)
        if found is None:
            kinds = self._ask(api_version)
            with self._lock:
                self._known[api_version] = kinds
            found = kinds.get(kind)
        if found is None:
            raise NoSuchKind(f'no matches for kind "{kind}" in version "{api_version}"')
        return found

    def of(self, obj: Object) -> Kind:
        """Find the kind of an object."""
        return self.kind(str(obj.get("apiVersion") or ""), str(obj.get("kind") or ""))

    def knows(self, obj: Object) -> bool:
        """Whether the kind of an object is served right now."""
        try:
            self.of(obj)
        except NoSuchKind:
            return False
        return True

    def _ask(self, api_version: str) -> dict[str, Kind]:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        answer = self._client.find(root) or {}
        return {
            one["kind"]: Kind(api_version, one["kind"], one["name"], bool(one["namespaced"]))
            for one in answer.get("resources") or []
            if "/" not in one["name"]
        }
