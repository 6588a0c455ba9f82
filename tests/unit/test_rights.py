"""What a deployer must be allowed: all of what a stack registers and its chart renders, and nothing else."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from chart.archive import Archive
from chart.rendered import kinds
from chart.schema import over
from chart.values import build
from components.namespace import SPAWNER_RULES
from ops import rights
from ops.cli import app
from ops.needs import NEEDS, OWN, READ
from ops.registered import Registered, registered
from settings import Settings
from tests.unit import golden
from tests.unit.conftest import DATA
from tests.unit.deployed import of_stack
from tests.unit.documents import EVERYTHING, PROJECT, STACKS, Document, settings, settings_of

Json = dict[str, Any]
# What belongs to the cluster is asked for apart.
THEIRS: Document = {"namespace": {"create": False}, "cluster": {"nodesVisible": False}}
VAULT = {"kind": "vault", "server": "https://vault.aiv.internal", "path": "kv", "role": "jupyterhub"}
GATEWAY = {"controller": "gateway", "gateway": "web", "gatewayNamespace": "gateways"}
NFS = {"storageClass": None, "nfs": {"server": "nfs.example.internal", "path": "/shared"}}
SLICES = {"kind": "timeSlices", "replicas": 4, "manage": True, "operatorNamespace": "gpu-operator"}
# What no committed stack has, so that every kind there is comes up in one of them.
FURTHER: dict[str, tuple[str, Document]] = {
    "everything": ("local", EVERYTHING),
    "cert-manager": ("local", {"tls": {"source": "certManager", "issuer": "own"}}),
    "a store": ("aiv-prod", {"secrets": {"source": "externalSecrets", "store": VAULT}}),
    "a gateway": ("local", {"ingress": {"className": None, "entryPoint": None, **GATEWAY}}),
    "NFS": ("iav-test", {"storage": {"shared": NFS}}),
    "shared GPUs": ("iav-test", {"gpu": {"priority": {"kind": "own", "value": 10}, "sharing": SLICES}}),
}


@cache
def chosen(name: str) -> Settings:
    stack, patch = FURTHER.get(name, (name, {}))
    theirs = THEIRS if name in FURTHER and "namespace" not in patch else {}
    return settings_of(stack, {**patch, **theirs})


@cache
def objects(name: str) -> tuple[Registered, ...]:
    return tuple(registered(chosen(name)))


@cache
def needed(name: str) -> rights.Rights:
    return rights.rights(chosen(name), objects(name))


@cache
def all_kinds(name: str) -> frozenset[str]:
    return frozenset(one.kind for one in objects(name)) | kinds(build(chosen(name)))


def allowed(name: str, namespace: str | None = None) -> dict[tuple[str, str], set[str]]:
    """Give the verbs by resource that the Role of a namespace allows."""
    home = chosen(name).namespace.name
    found: dict[tuple[str, str], set[str]] = {}
    for one in rights.namespaced(needed(name), home):
        if one["kind"] == "Role" and one["metadata"]["namespace"] == (namespace or home):
            for rule in one["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        assert (group, resource) not in found, "one rule for each resource"
                        found[group, resource] = set(rule["verbs"])
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_found_without_an_engine_is_what_an_engine_would_be_asked(stack: str) -> None:
    asked = {
        one.type.removeprefix("kubernetes:") for one in of_stack(stack)[0].requests.values() if one.custom
    }
    asked = {kind for kind in asked if not kind.startswith(("random:", "pulumi:"))}
    assert {one.kind for one in objects(stack)} == asked


def test_every_kind_of_every_stack_has_its_rights_and_no_right_is_left_over() -> None:
    known = {kind for name in (*STACKS, *FURTHER) for kind in all_kinds(name)}
    assert sorted(known - set(NEEDS)) == []
    assert sorted(set(NEEDS) - known) == []


@pytest.mark.parametrize("stack", [*STACKS, *FURTHER])
def test_a_role_allows_what_its_stack_does_and_nothing_else(stack: str) -> None:
    found = allowed(stack)
    own = {(need.group, need.resource) for kind in all_kinds(stack) if not (need := NEEDS[kind]).cluster_wide}
    read = {resource for kind in all_kinds(stack) for resource in NEEDS[kind].reads}
    spawner = {
        (group, resource): set(rule["verbs"])
        for rule in SPAWNER_RULES
        for group in rule["api_groups"]
        for resource in rule["resources"]
    }
    assert set(found) == own | read | set(spawner)
    for resource, verbs in found.items():
        expected = set(OWN if resource in own else READ if resource in read else ())
        update = {"update"} if resource == ("", "secrets") else set()
        assert verbs == expected | spawner.get(resource, set()) | update, resource


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_lets_a_deployer_take_rights_that_it_was_not_given(stack: str) -> None:
    for verbs in allowed(stack).values():
        assert not verbs & {"*", "bind", "escalate", "impersonate", "deletecollection"}
    names = {resource for _, resource in allowed(stack)}
    assert not names & {
        "*",
        "nodes",
        "clusterroles",
        "clusterrolebindings",
        "pods/exec",
        "serviceaccounts/token",
    }


@pytest.mark.parametrize("stack", STACKS)
def test_in_a_namespace_of_others_a_role_is_all_that_is_needed(stack: str) -> None:
    theirs = settings_of(stack, THEIRS)
    found = rights.rights(theirs, registered(theirs))
    assert list(rights.cluster_wide(found, "anywhere")) == []
    assert set(found.inside) == {settings_of(stack).namespace.name}


def test_what_belongs_to_the_cluster_is_named_apart_and_by_its_name() -> None:
    assert ("", "persistentvolumes") not in allowed("NFS")
    role, binding = rights.cluster_wide(needed("NFS"), "jupyterhub-test")
    assert role["kind"] == "ClusterRole"
    create, own = role["rules"]
    assert create == {"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": ["create"]}
    assert own["resourceNames"] == ["jupyterhub-test.jupyterhub-shared-home"]
    assert "create" not in own["verbs"]
    assert binding["subjects"][0]["namespace"] == "jupyterhub-test"


def test_an_object_in_another_namespace_wants_a_role_there() -> None:
    assert allowed("shared GPUs", "gpu-operator") == {("", "configmaps"): set(OWN)}
    bindings = {
        one["metadata"]["namespace"]: one["subjects"][0]["namespace"]
        for one in rights.namespaced(needed("shared GPUs"), "jupyterhub-test")
        if one["kind"] == "RoleBinding"
    }
    assert bindings == {"gpu-operator": "jupyterhub-test", "jupyterhub-test": "jupyterhub-test"}


def test_the_rights_for_production_are_as_reviewed() -> None:
    theirs = settings_of("aiv-prod", THEIRS)
    golden.check("aiv-prod.rights.yaml", rights.as_yaml(theirs, rights.rights(theirs, registered(theirs))))


def test_the_command_prints_manifests() -> None:
    printed = [one for one in yaml.safe_load_all(ran("--stack", "lab").stdout) if one]
    assert [one["kind"] for one in printed] == ["ServiceAccount", "Role", "RoleBinding"]
    told = json.loads(ran("--stack", "lab", "--json").stdout)
    assert told["namespaced"] == printed
    assert [one["kind"] for one in told["clusterWide"]] == ["ClusterRole", "ClusterRoleBinding"]


def test_the_command_says_what_is_not_covered() -> None:
    assert "# Not covered, since it belongs to the whole cluster: namespaces jupyterhub-test; " in (
        ran("--stack", "lab").stdout
    )


def test_a_stack_that_is_not_there_is_named() -> None:
    refused = ran("--stack", "nowhere", ends=2)
    assert str(PROJECT / "Pulumi.nowhere.yaml") in refused.stderr
    assert refused.stdout == ""


def test_a_stack_file_elsewhere_is_read(tmp_path: Path) -> None:
    place = tmp_path / "Pulumi.elsewhere.yaml"
    place.write_text(
        (PROJECT / "Pulumi.lab.yaml").read_text().replace("name: jupyterhub-test", "name: other")
    )
    assert "namespace: other" in ran("--stack", "lab", "--config-file", str(place)).stdout


def ran(*words: str, ends: int = 0) -> Result:
    result = CliRunner().invoke(app, ["rights", *words])
    assert result.exit_code == ends, result.output
    return result


def test_the_kinds_of_the_real_chart_are_known(real_chart: Archive) -> None:
    values = over(real_chart.defaults, yaml.safe_load((DATA / "rendered-4.4.0.values.yaml").read_text()))
    rendered = [one for one in yaml.safe_load_all((DATA / "rendered-4.4.0.yaml").read_text()) if one]
    made = {
        f"{one['apiVersion'] if '/' in one['apiVersion'] else 'core/' + one['apiVersion']}:{one['kind']}"
        for one in rendered
    }
    assert kinds(values) == made


def test_a_switch_of_the_chart_that_is_off_brings_no_kind() -> None:
    assert "networking.k8s.io/v1:Ingress" in kinds(build(settings()))
    assert "networking.k8s.io/v1:Ingress" not in kinds(build(settings_of("lab")))
    assert "gateway.networking.k8s.io/v1:HTTPRoute" in kinds(build(chosen("a gateway")))
