"""A stack of its own beside `local` for starts of servers: groups, quotas, GPUs of several kinds, what ends.

Its settings come in two turns: one with whole GPUs and MIG slices in which nothing ends soon, one with time
slices that ends idle servers with a GPU. What the node offers is pretended, by the names of a device plugin.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from embedded.node import pki
from embedded.node.layout import NODE_NAME
from embedded.paths import find
from tests.e2e.hub import Hub, tool
from tests.e2e.keeping import STACK, Deployment
from tests.e2e.person import Person
from tests.unit.documents import Document

Json = dict[str, Any]
NAMESPACE = "spawning"
HOST = f"{NAMESPACE}.localhost"
SPAN = 120.0
"""Seconds in which a start that cannot be is over."""
GPU, SLICE, HALF, TURN = (f"nvidia.com/{name}" for name in ("gpu", "mig-1g.5gb", "mig-3g.20gb", "gpu.shared"))
OFFERED = {SLICE: 2, HALF: 1, TURN: 4}
"""Beside the two whole GPUs that the node always has."""
PLAIN = ("starts-cpu", "starts-large", "lives-elsewhere", "forges")
MEMBERS = ("starts-gpu", "starts-gpus", "starts-slice", "starts-turn", "wants-gpu", "wants-slice", "waits")
# The node has two processors, and others work there.
_CPU = {"guarantee": "5m", "limit": "1"}
_SMALL = {"cpu": _CPU, "memory": {"guarantee": "256Mi", "limit": "1Gi"}}


def _with(slug: str, resource: str) -> Document:
    return {"name": slug.upper(), "slug": slug, **_SMALL, "gpu": {"resource": resource, "count": 1}}


def _thrifty(profile: Document) -> Document:
    sizes = [{**one, "cpu": _CPU} for one in profile.get("sizes", ())]
    return {**profile, "cpu": _CPU, **({"sizes": sizes} if sizes else {})}


def _settings(base: Document, more: list[Document]) -> Document:
    """Give what both turns have: `local` with groups, a door of its own, and a hub that bears one failure."""
    of_local = [_thrifty(one) for one in base["profiles"]]
    chosen = {
        "nodeSelector": {"kubernetes.io/hostname": NODE_NAME},
        "tolerations": [{"key": "machines", "value": "large"}],
    }
    profiles = [{**one, **chosen} if one["slug"] == "gpu-large" else one for one in of_local]
    return {
        "protection": {"protect": False, "retain": False},
        "cluster": {"gpu": "nvidia", "nodesVisible": True},
        "namespace": {
            "quota": {"requests.cpu": "8", "requests.memory": "32Gi"},
            "limitRange": {
                "default": {"cpu": "1", "memory": "1Gi"},
                "defaultRequest": {"cpu": "50m", "memory": "128Mi"},
            },
        },
        "storage": {"shared": None},
        "ingress": {**base["ingress"], "host": HOST, "className": None, "entryPoint": None},
        "tls": {"source": "existingSecret", "secretName": "door", "termination": "ingress"},
        "auth": {"anyName": False, "users": [*PLAIN, *MEMBERS], "groups": {"gpu": [*MEMBERS]}},
        "capabilities": {"everyone": {"profiles": ["cpu-only"]}, "gpu": {"profiles": ["all"]}},
        "hub": {
            # Two failures that counted would end the hub.
            "limits": {"consecutiveFailures": 2, "concurrentSpawns": 12},
            # Under a quota every pod says what it is.
            "resources": {"limits": {"cpu": "1"}},
            "proxyResources": {"limits": {"cpu": "1"}},
        },
        "profiles": [*profiles, *more],
    }


def first_turn(base: Document) -> Document:
    """Whole GPUs and MIG slices, of which one person may have one; only kernels end soon."""
    plan = {"kind": "mig", "layout": "half-and-half", "slices": {"3g.20gb": 1, "1g.5gb": 4}}
    return {
        **_settings(base, [_with("gpu-slice", SLICE), _with("gpu-half", HALF)]),
        "gpu": {"quota": {GPU: 9, SLICE: 1, HALF: 9}, "sharing": plan},
        "culling": {"idle": "1h", "idleGpu": "30m", "every": "10m", "kernels": "20s"},
    }


def second_turn(base: Document) -> Document:
    """Whole GPUs and time slices, and an end to those that nobody uses."""
    return {
        **_settings(base, [_with("gpu-turn", TURN)]),
        "gpu": {"sharing": {"kind": "timeSlices", "replicas": 4}},
        "culling": {"idle": "1h", "idleGpu": "1m", "every": "10s", "kernels": "20s"},
    }


@dataclass(frozen=True)
class World:
    """The stack that is up, and its people."""

    stack: Deployment

    def up(self, settings: Document) -> None:
        """Bring it to these settings; what its door shows comes from the node's own authority."""
        self.stack.configure(settings)
        up = self.stack.up()
        assert up.ok, up.text
        pair = pki.ingress_certificate(find().pki, HOST)
        files = (f"--cert={pair.certificate}", f"--key={pair.key}")
        self.stack.kubectl("create", "secret", "tls", "door", *files, check=False)

    @cached_property
    def hub(self) -> Hub:
        """The stack, as tests ask one."""
        told = self.stack.engine.read("stack", "output", "--json", "--show-secrets")
        return Hub(STACK, json.loads(told), find().pki / "ingress-ca.crt", self.stack.engine)

    def comes(self, name: str) -> Person:
        """Sign somebody in; a door that was just made takes a moment."""
        end = time.monotonic() + SPAN
        while True:
            try:
                return Person.signed_in(self.hub, name)
            except (AssertionError, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)

    def restarts(self) -> str:
        """Name the hub's pod and how often it began."""
        path = "jsonpath={.items[*].metadata.uid} {.items[*].status.containerStatuses[*].restartCount}"
        return self.hub.kubectl("get", "pods", "-l", "component=hub", "-o", path)


def begin(person: Person, profile: str, **choices: str) -> int:
    """Ask for a server, and do not wait; gives the status of the answer."""
    chosen = {"profile": profile, **choices}
    return person.ask("POST", f"/hub/api/users/{person.name}/server", chosen).status_code


def reason(person: Person) -> str:
    """Read the events of a start until it failed, and give the reason."""
    answer = person.ask("GET", f"/hub/api/users/{person.name}/server/progress")
    last = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")][-1]
    assert last.get("failed"), last
    return str(last["message"])


def server(person: Person) -> Json:
    """Give the server as the hub has it; nothing when there is none."""
    told = person.ask("GET", f"/hub/api/users/{person.name}").json()
    found: Json = (told.get("servers") or {}).get("") or {}
    return found


def ready(person: Person) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + SPAN
    while not server(person).get("ready"):
        assert time.monotonic() < end, person.told()
        time.sleep(0.3)


def over(person: Person, began: float) -> None:
    """Wait until there is no server and none that starts."""
    while server(person):
        assert time.monotonic() - began < SPAN, person.told()
        time.sleep(0.5)


@contextmanager
def made(env: Mapping[str, str], *objects: Json) -> Iterator[None]:
    """Have objects in the cluster for a while."""
    text = yaml.safe_dump_all(objects)
    tool(env, "kubectl", "apply", "-f", "-", given=text)
    try:
        yield
    finally:
        tool(env, "kubectl", "delete", "--ignore-not-found", "--now", "-f", "-", given=text)


@contextmanager
def offered(env: Mapping[str, str], amounts: Mapping[str, int]) -> Iterator[None]:
    """Let the node offer GPUs and parts of them for a while."""
    node = json.loads(tool(env, "kubectl", "get", "node", NODE_NAME, "-o", "json"))
    before: Mapping[str, str] = node["status"]["allocatable"]
    patch = ("kubectl", "patch", "node", NODE_NAME, "--subresource=status", "--type=merge", "-p")

    def say(found: Mapping[str, str | None]) -> None:
        tool(env, *patch, json.dumps({"status": {"capacity": found, "allocatable": found}}))

    say({name: str(count) for name, count in amounts.items()})
    try:
        yield
    finally:
        say({name: before.get(name) for name in amounts})


def home_elsewhere(person: Person) -> tuple[Json, Json]:
    """A home that lies on a node that is gone."""
    volume = f"{person.name}-home"
    kept = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    term = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["a-node-that-is-gone"]}
    lies = {
        **kept,
        "capacity": {"storage": "1Gi"},
        "local": {"path": "/nowhere"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}},
        "persistentVolumeReclaimPolicy": "Retain",
    }
    asked = {**kept, "resources": {"requests": {"storage": "1Gi"}}, "volumeName": volume}
    claim = {"name": f"claim-{person.name}", "namespace": person.hub.namespace}
    return (
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume}, "spec": lies},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": claim, "spec": asked},
    )


@contextmanager
def leaving_slowly(env: Mapping[str, str], image: Mapping[str, str], resource: str) -> Iterator[None]:
    """Have a pod of others that holds one, was told to end, and takes its time."""
    container = {
        "name": "holder",
        "image": f"{image['name']}:{image['tag']}",
        "imagePullPolicy": "Never",
        # The first process of a container does not heed the request to end.
        "command": ["sh", "-c", "until [ -e /tmp/go ]; do sleep 1; done"],
        "resources": {"limits": {resource: "1"}},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "spawning-holder", "namespace": "default"},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 600},
    }
    kubectl, name = ("kubectl", "--namespace", "default"), "pod/spawning-holder"
    with made(env, pod):
        tool(env, *kubectl, "wait", name, "--for=condition=Ready", f"--timeout={SPAN}s")
        tool(env, *kubectl, "delete", name, "--wait=false")
        try:
            yield
        finally:
            tool(env, *kubectl, "exec", name, "--", "touch", "/tmp/go")  # noqa: S108 -- the pod's own
