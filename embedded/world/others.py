"""What others keep in a stack's namespace, made up for the node: a certificate, credentials, bucket claims.

Pure. The program registers none of it: on a real cluster people or operators of that cluster bring it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from embedded.node.api import Document

CLAIMS = "objectbucket.io/v1alpha1"
# The one key of Kubernetes' own type for registries' credentials.
DOCKER = ".dockerconfigjson"
ROLE = "notebooks"
"""Role and database of a PostgreSQL that notebooks use."""


def _secret(name: str, namespace: str, data: Mapping[str, str], kind: str = "Opaque") -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def kept_by_others(document: Mapping[str, Any], certificate: str, key: str) -> list[Document]:
    """Give the Secrets that a stack's document names and does not make."""
    namespace = document["namespace"]["name"]
    found = []
    tls = document.get("tls", {})
    if tls.get("source") == "existingSecret":
        pair = {"tls.crt": certificate, "tls.key": key}
        found.append(_secret(tls["secretName"], namespace, pair, "kubernetes.io/tls"))
    for name in document.get("images", {}).get("pullSecrets", ()):
        logins = {registry: _login() for registry in sorted(_registries(document))}
        data = {DOCKER: json.dumps({"auths": logins}, sort_keys=True)}
        found.append(_secret(name, namespace, data, "kubernetes.io/dockerconfigjson"))
    return found + [_secret(name, namespace, data) for name, data in sorted(_credentials(document).items())]


def _login() -> Mapping[str, str]:
    # No registry is asked on the node, whose images lie ready.
    return {"auth": base64.b64encode(b"nobody:nothing").decode()}


def _registries(document: Mapping[str, Any]) -> Iterator[str]:
    for image in document.get("images", {}).values():
        if isinstance(image, Mapping) and "name" in image:
            yield str(image["name"]).partition("/")[0]


def _credentials(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Give the credentials of the bucket and of the catalogue's services, by the Secrets' names."""
    store = document.get("storage", {}).get("objectStore", {})
    found: dict[str, dict[str, str]] = {}
    for entry in (store, *document.get("services", {}).get("catalogue", ())):
        if name := entry.get("credentials"):
            make = _role if entry["kind"] == "postgresql" else _keys
            found.setdefault(name, {}).update(make(f"{document['namespace']['name']}/{name}"))
    return found


def _keys(seed: str) -> dict[str, str]:
    """Keys of an object store's user: the same for the same seed, so that nothing changes by itself."""
    digest = hashlib.sha256(seed.encode()).hexdigest()
    return {"AWS_ACCESS_KEY_ID": digest[:20].upper(), "AWS_SECRET_ACCESS_KEY": digest[20:60]}


def _role(seed: str) -> dict[str, str]:
    """Name a role for notebooks and its database, by the variables that PostgreSQL's clients read."""
    password = hashlib.sha256(seed.encode()).hexdigest()
    return {"PGUSER": ROLE, "PGPASSWORD": password[:32], "PGDATABASE": ROLE}


def bucket_of(answered: list[Document]) -> tuple[str, dict[str, str]]:
    """Read from an answer the bucket's name and its user's keys."""
    secret, config = answered
    keys = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    return str(config["data"]["BUCKET_NAME"]), keys


def answer(claim: Document, endpoint: str) -> list[Document]:
    """Give the Secret and the ConfigMap that a bucket's operator makes for a claim; they go with it."""
    spec, metadata = claim["spec"], claim["metadata"]
    where = urlsplit(endpoint)
    # Random to people, and the same for the same claim: an answer that was cut short is given again.
    end = hashlib.sha256(metadata["uid"].encode()).hexdigest()[:8]
    bucket = spec.get("bucketName") or f"{spec.get('generateBucketName', 'bucket')}-{end}"
    told = {
        "BUCKET_NAME": bucket,
        "BUCKET_HOST": where.hostname or "",
        "BUCKET_PORT": str(where.port or (443 if where.scheme == "https" else 80)),
        "BUCKET_REGION": "",
    }
    secret = _secret(metadata["name"], metadata["namespace"], _keys(metadata["uid"]))
    config: Document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "data": told,
    }
    owner = {
        "apiVersion": CLAIMS,
        "kind": "ObjectBucketClaim",
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    answers = [secret, config]
    for each in answers:
        each["metadata"]["ownerReferences"] = [owner]
    return answers


def bound(claim: Document) -> bool:
    """Whether a claim has its answer."""
    return bool(claim.get("status", {}).get("phase") == "Bound")
