"""Kinds of other projects: those that a stack needs, in the form that this API server takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.fault import Fault
from embedded.node import crds
from embedded.node.crds import definition, established, projects_for
from embedded.paths import Paths
from embedded.toolchain import definitions, golang, versions
from tests.unit.documents import STACKS, committed

Json = dict[str, Any]
SCHEMA = {
    "description": "of the kind",
    "properties": {
        "description": {"description": "a field of that name", "type": "string"},
        "spec": {"type": "object", "required": ["name"], "allOf": [{"description": "x", "minLength": 1}]},
    },
}
OLD = {
    "apiVersion": "apiextensions.k8s.io/v1beta1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.org"},
    "spec": {
        "group": "example.org",
        "version": "v1",
        "versions": [{"name": "v1", "served": True, "storage": True}],
        "subresources": {"status": {}},
        "additionalPrinterColumns": [{"JSONPath": ".spec", "name": "Spec"}],
        "validation": {"openAPIV3Schema": SCHEMA},
    },
    "status": {"conditions": None},
}


def written(folder: Path, document: Json) -> Path:
    file = folder / "definition.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def test_a_definition_of_the_old_format_becomes_one_of_the_final(tmp_path: Path) -> None:
    found = definition(written(tmp_path, OLD))
    assert found["apiVersion"] == "apiextensions.k8s.io/v1"
    assert set(found["spec"]) == {"group", "versions"}
    (version,) = found["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
    assert version["schema"]["openAPIV3Schema"]["type"] == "object"
    assert "status" not in found


def test_prose_goes_and_a_field_named_description_stays(tmp_path: Path) -> None:
    schema = definition(written(tmp_path, OLD))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert "description" not in schema
    assert schema["properties"]["description"] == {"type": "string"}
    assert schema["properties"]["spec"] == {
        "type": "object",
        "required": ["name"],
        "allOf": [{"minLength": 1}],
    }


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_gets_the_kinds_that_it_registers(stack: str) -> None:
    document = committed(stack)
    wanted = projects_for(document)
    assert ("prometheus-operator" in wanted) == bool(document["monitoring"].get("operator"))
    assert ("bucket-claims" in wanted) == ("bucketClass" in document["storage"].get("objectStore", {}))
    assert set(wanted) <= set(versions.load().definitions)


@pytest.mark.parametrize(
    ("patch", "project"),
    [
        ({"tls": {"source": "certManager"}}, "cert-manager"),
        ({"secrets": {"source": "externalSecrets"}}, "external-secrets"),
        ({"ingress": {"controller": "gateway"}}, "gateway-api"),
        ({}, None),
    ],
)
def test_each_way_of_doing_things_has_its_kinds(patch: Json, project: str | None) -> None:
    assert projects_for(patch) == ((project,) if project else ())


class Server:
    """An API server that takes a definition up at the second look."""

    def __init__(self) -> None:
        self.applied: list[Json] = []
        self.looks = 0

    def apply(self, document: Json) -> None:
        self.applied.append(document)

    def get(self, _path: str) -> Json:
        self.looks += 1
        return {"status": {"conditions": [{"type": "Established", "status": str(self.looks > 1)}]}}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(cache=tmp_path / "cache", state=tmp_path / "state")


def test_kinds_that_cannot_be_had_are_named_and_the_others_made(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ensure(project: str, _paths: Paths) -> list[Path]:
        if project == "cert-manager":
            raise Fault("The proxy said no:\n  403 Forbidden")
        return [written(tmp_path, OLD)]

    monkeypatch.setattr(definitions, "ensure", ensure)
    server: Any = Server()
    crds.ensure(server, paths, ["cert-manager", "gateway-api"])
    assert [each["metadata"]["name"] for each in server.applied] == ["things.example.org"]
    assert server.looks == 2
    said = capsys.readouterr()
    assert "cert-manager" in said.out + said.err
    assert "403 Forbidden" not in said.out + said.err


def test_a_definition_without_a_condition_is_not_in_force() -> None:
    assert not established({})
    assert not established({"status": {"conditions": None}})
    assert not established({"status": {"conditions": [{"type": "NamesAccepted", "status": "True"}]}})


def test_definitions_are_downloaded_once(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = versions.load().definitions["bucket-claims"]
    source = tmp_path / "module"
    for file in wanted.files:
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_text("kind: CustomResourceDefinition")
    asked: list[list[str]] = []

    class Go:
        def fetch(self, args: list[str], folder: Path) -> str:
            assert (folder / "go.sum").is_file()
            asked.append(args)
            return f'{{"Dir": "{source}"}}'

    monkeypatch.setattr(golang, "find", lambda *_: Go())
    first = definitions.ensure("bucket-claims", paths)
    assert definitions.ensure("bucket-claims", paths) == first
    assert [file.read_text() for file in first] == ["kind: CustomResourceDefinition"]
    assert asked == [["mod", "download", "-json", f"{wanted.module}@v{wanted.version}"]]
