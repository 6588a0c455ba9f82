"""Profiles on the node: each starts as it says, and one that cannot says why while the hub lives on."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from tests.e2e.hub import Hub, tool
from tests.e2e.person import Person

pytestmark = pytest.mark.node

GPU = "nvidia.com/gpu"
Json = dict[str, Any]
SPAN = 120.0
"""Seconds in which a start that cannot be is over."""


def somebody(hub: Hub) -> Person:
    """Sign in somebody whom the hub has never seen."""
    return Person.signed_in(hub, f"profiles-{secrets.token_hex(3)}")


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


def asked(person: Person) -> Json:
    (container,) = (one for one in person.described()["spec"]["containers"] if one["name"] == "notebook")
    found: Json = container["resources"]
    return found


@contextmanager
def made(hub: Hub, *objects: Json) -> Iterator[None]:
    """Have objects in the cluster for a while."""
    text = yaml.safe_dump_all(objects)
    tool(hub.engine.env, "kubectl", "apply", "-f", "-", given=text)
    try:
        yield
    finally:
        tool(hub.engine.env, "kubectl", "delete", "--ignore-not-found", "--now", "-f", "-", given=text)


@pytest.fixture(scope="module")
def home_elsewhere() -> Iterator[tuple[Hub, Person, float]]:
    """Somebody whose home lies on a node that is gone, and whose server was asked for a while ago."""
    hub = Hub.of_this_machine()
    person = somebody(hub)
    volume = f"{person.name}-home"
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"claim-{person.name}", "namespace": hub.namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "",
            "volumeName": volume,
        },
    }
    term = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["a-node-that-is-gone"]}
    lies = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "local": {"path": "/nowhere"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}},
            "persistentVolumeReclaimPolicy": "Retain",
        },
    }
    with made(hub, lies, claim):
        assert begin(person, "cpu-only") == 202
        yield hub, person, time.monotonic()


@pytest.mark.usefixtures("home_elsewhere")
@pytest.mark.parametrize(
    ("profile", "size", "memory", "gpus"),
    [
        ("cpu-only", "", 256, 0),
        ("cpu-only", "large", 512, 0),
        ("gpu-standard", "", 256, 1),
        ("gpu-large", "", 512, 2),
    ],
)
def test_a_profile_starts_with_what_it_says(
    hub: Hub, profile: str, size: str, memory: int, gpus: int
) -> None:
    person = somebody(hub)
    assert begin(person, profile, **({"size": size} if size else {})) in (201, 202)
    ready(person)
    given = asked(person)
    assert given["requests"]["memory"] == str(memory * 1024**2)
    assert int(given["limits"].get(GPU, 0)) == gpus
    person.stop()


def test_a_home_on_a_node_that_is_gone_is_said_within_two_minutes(
    home_elsewhere: tuple[Hub, Person, float],
) -> None:
    hub, person, began = home_elsewhere
    while server(person):
        assert time.monotonic() - began < SPAN, person.told()
        time.sleep(0.5)
    said = reason(person)
    assert "Your home lies on a machine, or in a zone, where this option cannot run." in said
    gone = hub.kubectl("get", "pods", "-o", "name")
    assert f"jupyter-{person.name}" not in gone
