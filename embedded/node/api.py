"""A small client of the node's own API server, with the administrator's certificate."""

from __future__ import annotations

import json
from typing import Any

import requests

from embedded.fault import Fault
from embedded.node import pki
from embedded.node.layout import Layout, Options

MANAGER = "embedded-node"
TIMEOUT = 10.0
NOT_FOUND = 404

Document = dict[str, Any]

# The kinds that the node makes or reads: where they live in the API.
PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ConfigMap": "configmaps",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "StorageClass": "storageclasses",
    "IngressClass": "ingressclasses",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Secret": "secrets",
    "Service": "services",
}


class Api:
    """Reads, applies and patches; never more than the node's own few objects."""

    def __init__(self, place: Layout, options: Options) -> None:
        admin = pki.pair(place.paths.pki, "admin")
        self._url = options.api_url
        self._session = requests.Session()
        # A proxy of somebody's shell has no business between the parts of one machine.
        self._session.trust_env = False
        self._session.cert = (str(admin.certificate), str(admin.key))
        self._session.verify = str(place.paths.pki / "ca.crt")

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str) -> Document | None:
        """An object or a list; None when there is no such thing."""
        answer = self._ask("GET", path)
        return None if answer.status_code == NOT_FOUND else self._document(answer)

    def items(self, path: str) -> list[Document]:
        """The members of a list."""
        return list((self.get(path) or {}).get("items", []))

    def text(self, path: str) -> str:
        """A log, or nothing where there is none."""
        answer = self._ask("GET", path)
        return answer.text if answer.ok else ""

    def apply(self, document: Document) -> None:
        """Server-side apply: what is the same already is not written again."""
        path = f"{address(document)}?fieldManager={MANAGER}&force=true"
        kind = "application/apply-patch+yaml"
        self._document(self._ask("PATCH", path, json.dumps(document), kind))

    def patch(self, path: str, changes: list[Document]) -> None:
        """A JSON patch."""
        self._document(self._ask("PATCH", path, json.dumps(changes), "application/json-patch+json"))

    def delete(self, path: str) -> None:
        """Remove an object, and what it owns after it; one that is gone is gone."""
        answer = self._ask("DELETE", path)
        if answer.status_code != NOT_FOUND:
            self._document(answer)

    def merge(self, path: str, change: str) -> None:
        """A strategic merge patch: lists of conditions are merged by their type."""
        answer = self._ask("PATCH", path, change, "application/strategic-merge-patch+json")
        # Whatever it was about may be gone in the meantime.
        if answer.status_code != NOT_FOUND:
            self._document(answer)

    def _ask(self, method: str, path: str, body: str | None = None, kind: str = "") -> requests.Response:
        headers = {"Content-Type": kind} if kind else {}
        try:
            return self._session.request(
                method, f"{self._url}{path}", data=body, headers=headers, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise Fault(
                f"The API server does not answer: {_shortly(error)}.",
                "The node is not complete.",
                "Start the node again; `status` says which part is down.",
            ) from error

    def _document(self, answer: requests.Response) -> Document:
        if not answer.ok:
            asked = f"{answer.request.method} {answer.request.path_url}"
            raise Fault(
                f"The API server refused {asked}: {_reason(answer)}",
                "The node is not complete.",
                "Start the node again.",
            )
        found: Document = answer.json()
        return found


def _shortly(error: Exception) -> str:
    return str(error)[:200]


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.text[:200]}"


def address(document: Document) -> str:
    """Where an object lives."""
    version = document["apiVersion"]
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    namespace = document["metadata"].get("namespace")
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{inside}/{PLURALS[document['kind']]}/{document['metadata']['name']}"
