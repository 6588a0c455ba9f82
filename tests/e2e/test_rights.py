"""Production in a namespace of others, brought up by an identity with the printed Role and no more.

The identity is the service account's. It shows a client certificate of its name instead of a token, since the
embedded provider takes no tokens; to the API server both are the same user in the same groups.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from embedded import images
from embedded.node import kubeconfig, pki, runtime
from embedded.node.layout import layout
from embedded.paths import CHECKOUT, Paths, find
from embedded.stack_secrets import Maker
from embedded.world import cluster
from ops.rights import NAME
from tests.e2e.keeping import Deployment, deployment
from tests.unit.documents import Document, committed, patched

pytestmark = pytest.mark.node

NAMESPACE = "rights"
USER = f"system:serviceaccount:{NAMESPACE}:{NAME}"
PASSWORD = "of the database of this test"
SMALL = {"requests": {"cpu": "50m", "memory": "256Mi"}}


def production(local: Document, authority: str) -> Document:
    """Production's settings with the facts of this node, beside the stack itself if that is up."""
    facts = {
        "cluster": {
            "context": local["cluster"]["context"],
            "caBundle": {"configMap": "aiv-ca-bundle", "certificates": authority},
        },
        "chart": None,
        "images": {**{name: local["images"][name] for name in ("hub", "proxy", "notebook")}, "mirror": None},
        "network": {name: local["network"][name] for name in ("dns", "apiServer", "ingressFrom")},
        "namespace": {"name": NAMESPACE, "create": False},
        "ingress": {"host": "rights.aiv.internal"},
        "database": {
            "host": f"{NAMESPACE}.postgresql.svc.cluster.local",
            "reach": {"cidrs": None, "namespace": "postgresql"},
        },
        "hub": {"resources": SMALL, "proxyResources": SMALL},
    }
    return {**patched(committed("aiv-prod"), facts), "chart": local["chart"]}


@dataclass(frozen=True)
class Case:
    """One stack, seen by the cluster's owner and by the deployer."""

    owner: Deployment
    deployer: Deployment
    settings: Document

    def configure(self, patch: Document) -> None:
        """Write the stack file with its secrets, as `pulumi config set` does."""
        place = self.owner.place
        config = {
            "pulumi:disable-default-providers": ["kubernetes"],
            "jupyterhub:settings": patched(self.settings, patch),
        }
        salt = (place / "salt").read_text()
        self.owner.shell.config_file.write_text(yaml.safe_dump({"config": config, "encryptionsalt": salt}))
        given = {"databasePassword": PASSWORD}
        for key, value in Maker("aiv-prod", self.settings, "tests", find().pki, given).all().items():
            to = ("--secret", key, value, "--config-file", str(self.owner.shell.config_file))
            ended = self.owner.pulumi("config", "set", *to)
            assert ended.ok, ended.text

    def may(self, verb: str, resource: str, *words: str) -> bool:
        """Ask the API server what the deployer may do."""
        return self.deployer.kubectl("auth", "can-i", verb, resource, *words, check=False).startswith("yes")


def as_deployer(owner: Deployment, paths: Paths) -> Deployment:
    """Give the same deployment in the hands of the service account."""
    folder = owner.place / "pki"
    folder.mkdir()
    shutil.copy(paths.pki / "ca.crt", folder)
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}")
    pki.leaf_certificate(folder, pki.pair(paths.pki, "ca"), pki.Leaf("deployer", USER, groups))
    server = yaml.safe_load(owner.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    place = owner.place / "deployer.yaml"
    place.write_text(yaml.safe_dump(kubeconfig.render(server, folder, "deployer")))
    return replace(owner, kubeconfig=place)


def printed(config_file: Path) -> str:
    """Give what the command prints for a stack file."""
    command = [sys.executable, "-m", "ops.rights", "--stack", "aiv-prod", "--config-file", str(config_file)]
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    paths = find()
    owner = deployment(tmp_path_factory.mktemp("rights"), NAMESPACE, paths)
    settings = production(owner.base, pki.ingress_authority(paths.pki).certificate.read_text())
    built = images.ensure(paths, extra=images.extras_for(settings))
    runtime.load_images(layout(paths), built)
    found = Case(owner, as_deployer(owner, paths), settings)
    found.configure({})
    try:
        # What others own and do: the namespace, the Role, what stands around the stack.
        owner.kubectl("create", "namespace", NAMESPACE)
        owner.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
        manifests = owner.place / "rights.yaml"
        manifests.write_text(printed(owner.shell.config_file))
        owner.kubectl("apply", "-f", str(manifests))
        cluster.provide(paths, NAMESPACE, settings, built, cluster.Beside(PASSWORD))
        yield found
    finally:
        cluster.withdraw(paths, NAMESPACE)
        owner.end()


def test_the_deployer_brings_production_up(case: Case) -> None:
    up = case.deployer.up()
    assert up.ok, up.text
    assert "forbidden" not in up.text.lower(), up.text
    ready = case.owner.kubectl("get", "deployment", "hub", "-o", "jsonpath={.status.readyReplicas}")
    assert ready == "1"


def test_a_change_goes_through(case: Case) -> None:
    more = {
        "namespace": {"quota": {"persistentvolumeclaims": "1001"}},
        "hub": {"limits": {"concurrentSpawns": 31}},
    }
    case.configure(more)
    up = case.deployer.up()
    assert up.ok, up.text
    assert "forbidden" not in up.text.lower(), up.text
    quota = case.owner.kubectl("get", "resourcequota", "jupyterhub", "-o", "jsonpath={.spec.hard}")
    assert json.loads(quota)["persistentvolumeclaims"] == "1001"


def test_a_preview_finds_nothing_to_change(case: Case) -> None:
    preview = case.deployer.pulumi("preview", "--expect-no-changes")
    assert preview.ok, preview.text


def test_a_right_that_is_missing_is_named(case: Case) -> None:
    role = json.loads(case.owner.kubectl("get", "role", NAME, "-o", "json"))
    for rule in role["rules"]:
        rule["resources"] = [name for name in rule["resources"] if name != "resourcequotas"]
    less = case.owner.place / "less.json"
    less.write_text(json.dumps(role))
    case.owner.kubectl("replace", "-f", str(less))
    try:
        case.configure({"namespace": {"quota": {"persistentvolumeclaims": "1002"}}})
        up = case.deployer.up()
    finally:
        case.owner.kubectl("apply", "-f", str(case.owner.place / "rights.yaml"))
    assert not up.ok
    assert f'User "{USER}" cannot' in up.text
    assert "resourcequotas" in up.text


def test_nothing_beyond_the_namespace_is_allowed(case: Case) -> None:
    assert case.may("create", "secrets")
    for verb, resource in (
        ("create", "namespaces"),
        ("create", "persistentvolumes"),
        ("create", "priorityclasses"),
        ("create", "clusterroles"),
        ("get", "nodes"),
        ("list", "namespaces"),
    ):
        assert not case.may(verb, resource), f"{verb} {resource}"
    for verb, resource in (("get", "secrets"), ("create", "pods"), ("get", "configmaps")):
        assert not case.may(verb, resource, "--namespace", "kube-system"), f"{verb} {resource} in kube-system"
    for verb in ("bind", "escalate"):
        assert not case.may(verb, "roles"), verb
    for resource, part in (("pods", "exec"), ("serviceaccounts", "token")):
        assert not case.may("create", resource, f"--subresource={part}"), f"{resource}/{part}"


def test_the_deployer_gives_nobody_more_than_it_has(case: Case) -> None:
    greedy = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "greedy"},
        "rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}],
    }
    place = case.owner.place / "greedy.json"
    place.write_text(json.dumps(greedy))
    said = case.deployer.kubectl("create", "-f", str(place), check=False)
    assert "attempting to grant RBAC permissions not currently held" in said


def test_a_token_of_the_account_is_the_same_identity(case: Case) -> None:
    token = case.owner.kubectl("create", "token", NAME).strip()
    by_certificate, by_token = (
        json.loads(case.deployer.kubectl("auth", "whoami", "-o", "json", *words))["status"]["userInfo"]
        for words in ((), ("--token", token, "--client-certificate", "", "--client-key", ""))
    )
    assert by_certificate["username"] == by_token["username"] == USER
    assert sorted(by_certificate["groups"]) == sorted(by_token["groups"])


def test_the_deployer_takes_it_down_again(case: Case) -> None:
    assert case.deployer.pulumi("state", "unprotect", "--all", "--yes").ok
    down = case.deployer.pulumi("destroy", "--yes", "--skip-preview")
    assert down.ok, down.text
    left = case.owner.kubectl("get", "deployments,roles,networkpolicies", "-o", "name").split()
    assert [name for name in left if not name.endswith(f"/{NAME}")] == []
    assert "persistentvolumeclaim/shared" in case.owner.kubectl("get", "pvc", "-o", "name")
