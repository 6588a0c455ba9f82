"""`ops why` on the node: planted faults are found, what it prints puts them right, a clean hub has none."""

from __future__ import annotations

import base64
import gzip
import json
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.paths import CHECKOUT
from tests.e2e.hub import Hub, tool
from tests.e2e.smoke_faults import variables

pytestmark = pytest.mark.node

SCRATCH = "why-scratch"
NOBODY = "why-nobody"
LABELS = {"component": "singleuser-server", "app": "jupyterhub"}
LOCKED_DOWN = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
Json = dict[str, Any]


def secrets_of(hub: Hub) -> list[str]:
    """Give what lets somebody in: the release's record, which is read, holds it too."""
    held = json.loads(hub.kubectl("get", "secrets", "-o", "json"))["items"]
    given = [one for one in held if one["metadata"]["name"].startswith("hub-credentials-")]
    values = [base64.b64decode(text).decode() for one in given for text in one["data"].values()]
    found = [hub.password, *(value for value in values if "\n" not in value)]
    assert len(found) > 1
    return found


class Why:
    """Runs `ops why` and what it prints, in the shell of `make env`."""

    def __init__(self, hub: Hub, project: Path | None = None) -> None:
        self.hub = hub
        self._env = variables()
        self._more = ["--project", str(project)] if project else []

    def told(self, stack: str, *words: str, ends: int = 1) -> Json:
        """Give the report for programs."""
        command = [sys.executable, "-m", "ops", "why", stack, "--json", *self._more, *words]
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self._env, capture_output=True, text=True, check=False
        )
        assert done.returncode == ends, done.stdout + done.stderr
        assert not [value for value in secrets_of(self.hub) if value in done.stdout + done.stderr]
        found: Json = json.loads(done.stdout)
        return found

    def causes(self, stack: str, *words: str) -> dict[str, Json]:
        """Give the causes by their rule."""
        return {one["rule"]: one for one in self.told(stack, *words)["causes"]}

    def run(self, command: str) -> None:
        """Run a command as it was printed; what asks a person is answered with yes."""
        words = shlex.split(command)
        if words[0] == "pulumi" and "--yes" not in words:
            words.append("--yes")
        tool(self._env, *words)


@pytest.fixture
def why(hub: Hub) -> Why:
    return Why(hub)


def revisions(hub: Hub) -> list[Json]:
    found: list[Json] = json.loads(hub.helm("history", str(hub.outputs["release"]), "-o", "json"))
    return found


def changes(hub: Hub) -> dict[str, str]:
    """Give what the next deployment would do."""
    steps = json.loads(hub.engine.attempt("preview", "--json").stdout)["steps"]
    return {step["urn"]: step["op"] for step in steps if step["op"] != "same"}


def test_a_hub_that_was_scaled_away_comes_back_by_the_printed_command_and_then_nothing_is_wrong(
    why: Why,
) -> None:
    why.hub.kubectl("scale", "deployment/hub", "--replicas=0")
    why.hub.kubectl("wait", "pod", "-l", "component=hub", "--for=delete", "--timeout=120s")
    cause = why.causes("local")["scaled-down"]
    assert cause["about"] == "Deployment hub"
    for command in cause["commands"]:
        why.run(command)
    why.hub.kubectl("rollout", "status", "deployment/hub", "--timeout=180s")
    clean = why.told("local", ends=0)
    assert clean["causes"] == []
    assert clean["notLooked"] == []
    assert any(one.startswith("release jupyterhub") for one in clean["looked"])


def test_a_lock_that_a_killed_run_left_is_taken_away_by_the_printed_command(why: Why) -> None:
    backend = Path(why.hub.engine.env["PULUMI_BACKEND_URL"].removeprefix("file://"))
    place = backend / ".pulumi" / "locks" / "organization" / "jupyterhub" / "local" / "why.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = {
        "pid": _ended_process(),
        "username": "somebody",
        "hostname": socket.gethostname(),
        "timestamp": "2026-01-01T00:00:00Z",
    }
    place.write_text(json.dumps(lock))
    try:
        assert why.hub.engine.attempt("refresh", "--yes", "--skip-preview").returncode != 0, (
            "pulumi sees the lock too"
        )
        cause = why.causes("local")["state-locked"]
        assert "nobody is at work" in cause["advice"]
        why.run(cause["commands"][0])
        assert not place.exists()
    finally:
        place.unlink(missing_ok=True)
    assert "state-locked" not in {one["rule"] for one in why.told("local", ends=0)["causes"]}


def _ended_process() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def test_a_release_that_was_broken_off_is_freed_by_the_printed_commands(why: Why) -> None:
    hub = why.hub
    good = revisions(hub)[-1]["revision"]
    before = changes(hub)
    _break_off(hub, good)
    try:
        cause = why.causes("local")["release-pending"]
        assert f"revision {good + 1} is pending-upgrade" in cause["what"]
        assert f"rollback jupyterhub {good}" in cause["commands"][0]
        for command in cause["commands"][:2]:
            why.run(command)
    finally:
        # Helm goes on from another revision, and keeps what was broken off among those of old.
        hub.kubectl("delete", "secret", f"sh.helm.release.v1.jupyterhub.v{good + 1}")
    assert revisions(hub)[-1]["status"] == "deployed"
    assert changes(hub) == before
    assert why.told("local", ends=0)["causes"] == []


def _break_off(hub: Hub, good: int) -> None:
    """Leave what a killed upgrade leaves: one more revision that is pending."""
    secret = json.loads(hub.kubectl("get", "secret", f"sh.helm.release.v1.jupyterhub.v{good}", "-o", "json"))
    told = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    told["version"] = good + 1
    told["info"] |= {"status": "pending-upgrade", "description": "Preparing upgrade"}
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(told).encode()))).decode()
    labels = {**secret["metadata"]["labels"], "version": str(good + 1), "status": "pending-upgrade"}
    made = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": secret["type"],
        "metadata": {"name": f"sh.helm.release.v1.jupyterhub.v{good + 1}", "labels": labels},
        "data": {"release": packed},
    }
    # Applied, it would lie in an annotation a second time, for which it is too large.
    create = ("kubectl", "--namespace", hub.namespace, "create", "-f", "-")
    tool(hub.engine.env, *create, given=json.dumps(made))


def _apply(hub: Hub, namespace: str, *objects: Json) -> None:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    tool(hub.engine.env, "kubectl", "--namespace", namespace, "apply", "-f", "-", given=given)


def test_a_user_s_pod_without_a_place_is_told_to_whoever_asks_about_that_user(why: Why) -> None:
    hub = why.hub
    pod = _pod(hub, f"jupyter-{NOBODY}", {"limits": {"nvidia.com/gpu": "9"}})
    pod["metadata"]["annotations"] = {"hub.jupyter.org/username": NOBODY}
    _apply(hub, hub.namespace, pod)
    try:
        hub.kubectl("wait", f"pod/jupyter-{NOBODY}", "--for=condition=PodScheduled=False", "--timeout=60s")
        cause = why.causes("local", "--user", NOBODY)["gpu-lacking"]
        assert "it asks for 9; the largest node has" in cause["what"]
        assert f"pod jupyter-{NOBODY}" in cause["commands"][0]
        why.run(cause["commands"][0])
        assert why.told("local", "--user", "somebody-else", ends=0)["causes"] == []
    finally:
        hub.kubectl("delete", "pod", f"jupyter-{NOBODY}", "--now")


def _pod(hub: Hub, name: str, resources: Json) -> Json:
    running = json.loads(hub.kubectl("get", "deployment", "hub", "-o", "json"))
    image = running["spec"]["template"]["spec"]["containers"][0]["image"]
    container = {
        "name": "notebook",
        "image": image,
        "command": ["sleep", "600"],
        "resources": resources,
        "securityContext": LOCKED_DOWN,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {**LABELS}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }


@pytest.fixture
def scratch(hub: Hub, tmp_path: Path) -> Iterator[Why]:
    """A stack whose namespace is one of our own."""
    whole = yaml.safe_load(Path(variables()["HUB_STACK_FILES"], "Pulumi.local.yaml").read_text())
    whole["config"]["jupyterhub:settings"]["namespace"]["name"] = SCRATCH
    (tmp_path / "Pulumi.scratch.yaml").write_text(yaml.safe_dump(whole))
    tool(hub.engine.env, "kubectl", "create", "namespace", SCRATCH)
    try:
        yield Why(hub, tmp_path)
    finally:
        tool(hub.engine.env, "kubectl", "delete", "namespace", SCRATCH, "--timeout=120s")


def test_image_class_and_quota_are_found_each_with_its_next_command(hub: Hub, scratch: Why) -> None:
    _apply(hub, SCRATCH, *_faulty(hub))
    wanted = {
        "image-refused": ("Pod image", "bin/ops firewall scratch"),
        "class-missing": ("PersistentVolumeClaim nowhere", "delete pvc nowhere"),
        "quota-full": ("ReplicaSet", "describe resourcequota small"),
    }
    end = time.monotonic() + 120
    while not set(wanted) <= set(found := scratch.causes("scratch")):
        assert time.monotonic() < end, found
        time.sleep(2)
    for rule, (about, command) in wanted.items():
        assert found[rule]["about"].startswith(about)
        assert command in found[rule]["commands"][0]
        assert found[rule]["follows"]
    assert [one["rule"] for one in found["class-missing"]["comesOfIt"]] == ["claim-unbound"]
    assert "connection refused" in found["image-refused"]["says"]


def _faulty(hub: Hub) -> list[Json]:
    image = _pod(hub, "image", {})
    # Port 1 of the node itself, where nothing listens.
    image["spec"]["containers"][0]["image"] = "127.0.0.1:1/none/none:1"
    mounting = _pod(hub, "mounting", {})
    mounting["spec"]["volumes"] = [{"name": "home", "persistentVolumeClaim": {"claimName": "nowhere"}}]
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "nowhere"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "why-no-such-class",
        },
    }
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"requests.nvidia.com/gpu": "0"}},
    }
    greedy = _pod(hub, "greedy", {"limits": {"nvidia.com/gpu": "1"}})
    labels = {"app": "greedy"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "greedy"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": greedy["spec"]},
        },
    }
    return [quota, image, claim, mounting, deployment]
