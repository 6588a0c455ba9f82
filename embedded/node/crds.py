"""Kinds that clusters have from others (monitoring, certificates, secrets, buckets, routes), for the node.

Their authors' own schemas: what a stack registers is judged as on the real cluster. No controller comes
with them; what answers instead, where something does, is in embedded/world.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from embedded.console import say
from embedded.fault import Fault
from embedded.node.api import Api, Document, address
from embedded.paths import Paths
from embedded.toolchain import definitions

OLD, PRESENT = "apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1"
PATIENCE = 30.0
# Parts of a definition that moved into each version when the format became final.
MOVED = {"validation": "schema", "subresources": "subresources"}


def projects_for(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the projects whose kinds a stack's document makes the program register."""
    wanted = {
        "prometheus-operator": document.get("monitoring", {}).get("operator", False),
        "cert-manager": document.get("tls", {}).get("source") == "certManager",
        "external-secrets": document.get("secrets", {}).get("source") == "externalSecrets",
        "bucket-claims": _object_store(document) == "cephS3",
        "gateway-api": document.get("ingress", {}).get("controller") == "gateway",
    }
    return tuple(name for name, wants in wanted.items() if wants)


def _object_store(document: Mapping[str, Any]) -> str:
    return str(document.get("storage", {}).get("objectStore", {}).get("kind", "none"))


def ensure(api: Api, paths: Paths, projects: Collection[str]) -> None:
    """Have the kinds of these projects; one that cannot be had is said in a line, and left out."""
    made: list[Document] = []
    for project in projects:
        try:
            made += [definition(file) for file in definitions.ensure(project, paths)]
        except Fault as fault:
            why = fault.what.splitlines()[0]
            say(f"  [yellow]![/] The kinds of {project} are not known to this node: {why}")
    for document in made:
        api.apply(document)
    for document in made:
        _await_served(api, document)


def definition(file: Path) -> Document:
    """Read a definition as this API server wants it: the final format, and no prose."""
    # The C parser where there is one: some of these have ten thousand lines.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: Document = yaml.load(file.read_text(), Loader=loader)  # noqa: S506 (both of them are the safe one)
    found.pop("status", None)
    if found["apiVersion"] == OLD:
        found = _final(found)
    for version in found["spec"]["versions"]:
        version["schema"]["openAPIV3Schema"] = _bare(version["schema"]["openAPIV3Schema"])
    return found


def _final(found: Document) -> Document:
    spec = {key: value for key, value in found["spec"].items() if key not in {*MOVED, "version"}}
    moved = {MOVED[key]: found["spec"][key] for key in MOVED if key in found["spec"]}
    # How `kubectl get` prints it: other field names, and nothing that a stack needs.
    spec.pop("additionalPrinterColumns", None)
    moved["schema"]["openAPIV3Schema"].setdefault("type", "object")
    spec["versions"] = [{**version, **moved} for version in spec["versions"]]
    return {**found, "apiVersion": PRESENT, "spec": spec}


def _bare(schema: Any) -> Any:  # noqa: ANN401 (JSON)
    """Leave out descriptions, nine tenths of the text; a property of that name is a mapping, and stays."""
    if isinstance(schema, list):
        return [_bare(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _bare(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }


def _await_served(api: Api, document: Document) -> None:
    """Wait until the API server knows the kind: until then it answers 404."""
    deadline = time.monotonic() + PATIENCE
    while not established(api.get(address(document)) or {}):
        if time.monotonic() > deadline:
            raise Fault(
                f"The API server does not take up {document['metadata']['name']} within {PATIENCE:.0f} s.",
                "A stack that uses this kind cannot be deployed.",
                "See its conditions: kubectl describe crd " + document["metadata"]["name"],
            )
        time.sleep(0.1)


def established(document: Mapping[str, Any]) -> bool:
    """Whether a definition is in force."""
    # A definition that was just taken has the field, and null in it.
    conditions = document.get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
