"""A small pod in a namespace that tries connections and says which of them stand."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from tests.e2e.hub import Hub, tool

# All at once: what is denied is found out by waiting.
SCRIPT = """
import concurrent.futures, socket, sys
def tried(target):
    host, port = target.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=4).close()
        return "open"
    except OSError as error:
        return f"closed {type(error).__name__}"
targets = sys.argv[1:]
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    for target, found in zip(targets, pool.map(tried, targets)):
        print(target, found)
"""


def reached(hub: Hub, namespace: str, labels: Mapping[str, str], targets: Iterable[str]) -> set[str]:
    """Give the targets (address:port) to which a pod with these labels in the namespace gets a connection."""
    wanted = sorted(targets)
    name = f"probe-{secrets.token_hex(3)}"
    kubectl = ("kubectl", "--namespace", namespace)
    pod = _pod(name, labels, hub.outputs["hubImage"], wanted)
    tool(hub.engine.env, *kubectl, "create", "-f", "-", given=json.dumps(pod))
    try:
        phase = f"pod/{name}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s"
        tool(hub.engine.env, *kubectl, "wait", *phase)
        lines = tool(hub.engine.env, *kubectl, "logs", name).splitlines()
    finally:
        tool(hub.engine.env, *kubectl, "delete", "pod", name, "--grace-period=0", "--force", check=False)
    assert [line.split()[0] for line in lines] == wanted, lines
    return {line.split()[0] for line in lines if line.endswith(" open")}


def _pod(name: str, labels: Mapping[str, str], image: str, targets: list[str]) -> dict[str, Any]:
    # A limit of processors is what the interpreter would wait for most of the time.
    amounts = {"memory": "64Mi"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            # A name that nobody may ask for costs the resolver's patience: half a minute, as it comes.
            "dnsConfig": {
                "options": [{"name": "timeout", "value": "2"}, {"name": "attempts", "value": "1"}],
            },
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "probe",
                    "image": image,
                    "command": ["python3", "-c", SCRIPT, *targets],
                    "resources": {
                        "requests": {"cpu": "10m", **amounts},
                        "limits": {"cpu": "1", **amounts},
                    },
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }


def doors_of(hub: Hub) -> dict[str, str]:
    """Give the addresses at which hub and proxy of a release listen: the pods' own."""
    found: dict[str, str] = {}
    for part, ports in (("hub", (8081,)), ("proxy", (8000, 8001))):
        path = "jsonpath={.items[0].status.podIP}"
        address = hub.kubectl("get", "pods", "-l", f"component={part}", "-o", path)
        found |= {f"{part}:{port}": f"{address}:{port}" for port in ports}
    return found
