"""A real PostgreSQL for each stack that says it has one: in the cluster, over TLS only, its data on a claim.

One server per stack: stacks agree on the names of role and database, and several may be up at once.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from embedded.fault import Fault
from embedded.node.api import Api, Document, address
from embedded.node.layout import CLUSTER_DOMAIN
from embedded.node.pki import Pair

NAMESPACE = "postgresql"
INSIDE = f".svc.{CLUSTER_DOMAIN}"
PORT = 5432
USER = 999  # the user of the image
PATIENCE = 180.0
MARK = "embedded/stack"
# What a client asks first: may I speak TLS?
_SPEAKS_TLS = struct.pack("!II", 8, 80877103)


@dataclass(frozen=True)
class Wanted:
    """The database that a stack's document names."""

    stack: str
    host: str
    name: str
    user: str
    password: str = field(repr=False)

    @property
    def place(self) -> tuple[str, str]:
        """The Service's name and namespace: the document's own where its host is one of this cluster."""
        if self.host.endswith(INSIDE):
            service, _, namespace = self.host.removesuffix(INSIDE).partition(".")
            return service, namespace
        return self.stack, NAMESPACE

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that the server is called by."""
        service, namespace = self.place
        return tuple(
            dict.fromkeys((self.host, f"{service}.{namespace}.svc", f"{service}.{namespace}{INSIDE}"))
        )


@dataclass(frozen=True)
class Database:
    """A server that accepts connections."""

    host: str
    service_ip: str
    port: int
    user: str
    name: str


def wanted(stack: str, document: Mapping[str, Any], password: str | None) -> Wanted | None:
    """Read from a stack's document which server others run for it; none for a file on a claim."""
    found = document.get("database", {})
    if found.get("kind") != "external":
        return None
    if not password:
        raise Fault(
            f"The stack {stack} has a database, and nobody gave its password.",
            "The server for it was not started.",
            "Give cluster.provide the password that the stack's configuration gets.",
        )
    return Wanted(
        stack, found["host"], found.get("name", "jupyterhub"), found.get("user", "jupyterhub"), password
    )


def objects(server: Wanted, image: str, pair: Pair) -> list[Document]:
    """Everything the server consists of, the namespace first."""
    name, namespace = server.place
    metadata = {"name": name, "namespace": namespace, "labels": {MARK: server.stack}}
    secrets = {
        "password": server.password.encode(),
        "tls.crt": pair.certificate.read_bytes(),
        "tls.key": pair.key.read_bytes(),
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "data": {key: base64.b64encode(value).decode() for key, value in secrets.items()},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "local-path",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {MARK: server.stack}, "ports": [{"port": PORT, "name": "postgresql"}]},
        },
        _deployment(server, metadata, image, _digest(secrets)),
    ]


def _digest(secrets: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for key in sorted(secrets):
        whole.update(secrets[key])
    return whole.hexdigest()[:16]


def _deployment(server: Wanted, metadata: Document, image: str, digest: str) -> Document:
    name, _ = server.place
    labels = {MARK: server.stack}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            # Two servers on the same files would spoil them.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {
                # Another password or certificate is another pod: the server reads them at its start.
                "metadata": {"labels": labels, "annotations": {"embedded/secrets": digest}},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "securityContext": {"runAsNonRoot": True, "fsGroup": USER},
                    "containers": [_container(server, image)],
                    "volumes": [
                        {"name": "data", "persistentVolumeClaim": {"claimName": name}},
                        # The server refuses a key that others may read; root's, for its group, is allowed.
                        {"name": "password", "secret": _part(name, "password")},
                        {"name": "tls", "secret": _part(name, "tls.crt", "tls.key")},
                    ],
                },
            },
        },
    }


def _part(name: str, *keys: str) -> Document:
    items = [{"key": key, "path": key} for key in keys]
    return {"secretName": name, "items": items, "defaultMode": 0o440}


def _container(server: Wanted, image: str) -> Document:
    return {
        "name": "postgresql",
        "image": image,
        "imagePullPolicy": "Never",
        "env": [
            {"name": "DATABASE_NAME", "value": server.name},
            {"name": "DATABASE_USER", "value": server.user},
        ],
        "ports": [{"containerPort": PORT, "name": "postgresql"}],
        "readinessProbe": {
            "exec": {"command": ["pg_isready", "--quiet", "--host=127.0.0.1"]},
            "periodSeconds": 2,
            "timeoutSeconds": 5,
        },
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/postgresql/data"},
            {"name": "password", "mountPath": "/etc/postgresql/password"},
            {"name": "tls", "mountPath": "/etc/postgresql/tls"},
        ],
    }


def ensure(api: Api, server: Wanted, image: str, pair: Pair) -> Database:
    """Have the server, and wait until it accepts connections."""
    for document in objects(server, image, pair):
        api.apply(document)
    name, namespace = server.place
    service = api.get(f"/api/v1/namespaces/{namespace}/services/{name}") or {}
    address_inside = service["spec"]["clusterIP"]
    place = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    deadline = time.monotonic() + PATIENCE
    while not (_rolled_out(api.get(place) or {}) and _answers(address_inside)):
        if time.monotonic() > deadline:
            raise Fault(
                f"PostgreSQL for {server.stack} does not accept connections after {PATIENCE:.0f} s.",
                "Its hub would wait for it in vain; nothing was deployed.",
                f"See why: kubectl -n {namespace} logs deployment/{name}",
            )
        time.sleep(0.3)
    return Database(server.host, address_inside, PORT, server.user, server.name)


def _answers(service_ip: str) -> bool:
    """Whether the Service leads to the server: a pod is ready a moment before the node's rules know it."""
    try:
        with socket.create_connection((service_ip, PORT), timeout=1) as connection:
            connection.sendall(_SPEAKS_TLS)
            return connection.recv(1) == b"S"
    except OSError:
        return False


def _rolled_out(deployment: Mapping[str, Any]) -> bool:
    """Whether the pod of the newest template is ready: an older one may still be on its way out."""
    status = deployment.get("status", {})
    return bool(
        deployment
        and status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == 1
        and status.get("readyReplicas", 0) == 1
    )


def remove(api: Api, stack: str | None) -> None:
    """Take a stack's server away, or all, with their data."""
    for path in _paths(api, stack):
        api.delete(path)


def _paths(api: Api, stack: str | None) -> Iterator[str]:
    selector = f"?labelSelector={quote(f'{MARK}={stack}' if stack else MARK, safe='')}"
    kinds = (
        ("apps/v1", "Deployment", "/apis/apps/v1/deployments"),
        ("v1", "Service", "/api/v1/services"),
        ("v1", "PersistentVolumeClaim", "/api/v1/persistentvolumeclaims"),
        ("v1", "Secret", "/api/v1/secrets"),
    )
    for version, kind, path in kinds:
        for found in api.items(f"{path}{selector}"):
            yield address({"apiVersion": version, "kind": kind, "metadata": found["metadata"]})
