"""The walls around a notebook, seen from inside one: network, the hub's API, the pod itself."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.paths import CHECKOUT
from tests.e2e.hub import Hub, tool
from tests.e2e.person import Person
from tests.e2e.smoke_faults import variables

pytestmark = pytest.mark.node

Json = dict[str, Any]
# What the node's world calls public; nothing of this machine's own neighbourhood is dialled.
OUTSIDE = ("192.88.99.1:443", "[2001:db8::1]:443")
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
}


def walls(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as anybody would."""
    outside = [word for place in OUTSIDE for word in ("--outside", place)]
    return subprocess.run(
        [sys.executable, "-m", "ops", "walls", "local", *outside, *words],
        cwd=CHECKOUT,
        env={**os.environ, **variables()},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def neighbour() -> Iterator[Person]:
    """Somebody else, whose server runs."""
    person = Person.signed_in(Hub.of_this_machine(), f"neighbour-{secrets.token_hex(3)}")
    person.start()
    try:
        yield person
    finally:
        person.stop()
        person.hub.kubectl("delete", "pvc", f"claim-{person.name}", "--wait=false")


def test_a_notebook_reaches_what_is_granted_and_nothing_else(neighbour: Person, artifacts: Path) -> None:
    done = walls("--json")
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    rows: list[Json] = told["rows"]
    lines = [f"| {one['what']} | {one['place']} | {one['wanted']} | {one['observed']} |" for one in rows]
    text = "\n".join(["| from a notebook | place | expected | observed |", "|---|---|---|---|", *lines])
    (artifacts / "walls.md").write_text(text + "\n")
    assert [one for one in rows if not one["right"]] == [], text
    assert done.returncode == 0
    assert told["left"] == []
    tried = [one for one in rows if one["ended"] is not None and one["kind"] != "act"]
    assert len([one for one in tried if one["wanted"] == "closed"]) >= 25
    assert {one["place"] for one in tried if one["wanted"] == "open"} >= {
        "resolver:53",
        "/users/{me}/activity",
    }
    others = [one["observed"] for one in rows if one["what"] == "another user's server"]
    assert set(others) == {"no answer"}, f"the server of {neighbour.name} runs"
    assert {"metadata", "node", "hub", "pod", "outside"} <= {one["group"] for one in rows}


def test_a_policy_that_opens_a_wall_is_found(neighbour: Person) -> None:
    hub = neighbour.hub
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "opened-by-hand"},
        "spec": {
            "podSelector": {"matchLabels": {"component": "singleuser-server"}},
            "policyTypes": ["Egress"],
            "egress": [{"ports": [{"port": 6443}]}],
        },
    }
    kubectl = ("kubectl", "--namespace", hub.namespace, "apply", "--filename", "-")
    tool(hub.engine.env, *kubectl, given=json.dumps(policy))
    try:
        done = walls()
    finally:
        hub.kubectl("delete", "networkpolicy", "opened-by-hand")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the API server (10.200.0.1:6443) is open, and shall not be" in done.stdout


def test_the_namespace_enforces_restricted_and_every_pod_is(neighbour: Person) -> None:
    hub = neighbour.hub
    labels = json.loads(hub.kubectl("get", "namespace", hub.namespace, "-o", "json"))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pods: list[Json] = json.loads(hub.kubectl("get", "pods", "-o", "json"))["items"]
    assert {pod["metadata"]["labels"].get("component") for pod in pods} >= {
        "hub",
        "proxy",
        "singleuser-server",
    }
    for pod in pods:
        spec, own = pod["spec"], pod["spec"].get("securityContext") or {}
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            wanted = {**own, **container["securityContext"]}
            seen = {key: wanted.get(key) for key in RESTRICTED}
            assert seen == RESTRICTED, f"{pod['metadata']['name']}: {seen}"
            assert wanted["seccompProfile"]["type"] == "RuntimeDefault"
    server = neighbour.described()["spec"]
    assert server["automountServiceAccountToken"] is False
    assert not [one for one in server["volumes"] if "projected" in one or "hostPath" in one]


@pytest.mark.parametrize(
    "broken",
    [
        {"containers": [{"name": "c", "image": "x", "securityContext": {"privileged": True}}]},
        {"hostNetwork": True, "containers": [{"name": "c", "image": "x"}]},
        {"containers": [{"name": "c", "image": "x"}]},
    ],
    ids=["privileged", "host's network", "nothing said"],
)
def test_a_pod_that_asks_for_more_is_refused(neighbour: Person, broken: Json) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "more"}, "spec": broken}
    command = ["kubectl", "--namespace", neighbour.hub.namespace, "create", "--dry-run=server", "-f", "-"]
    done = subprocess.run(
        command,
        env=dict(neighbour.hub.engine.env),
        input=json.dumps(pod),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "violates PodSecurity" in done.stderr
