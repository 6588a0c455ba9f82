"""The world around a stack on the node: found by name, and reached by pods whose policies allow it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from embedded import world
from embedded.node import outside
from embedded.node.identity import Identity
from embedded.node.layout import layout
from embedded.node.processes import Processes
from embedded.paths import find
from embedded.world import services, stacks
from tests.e2e.hub import Hub, tool
from tests.e2e.probe import reached

pytestmark = pytest.mark.node

STACK = NAMESPACE = "outside"
PLACE = layout(find())
# Of 100.64.0.0/10, and of no stack: what this test adds takes nothing from others.
DOCUMENT: dict[str, Any] = {
    "namespace": {"name": NAMESPACE},
    "ingress": {"host": "hub.outside.internal", "controller": "none"},
    "tls": {"source": "none", "termination": "nowhere"},
    "auth": {"provider": "sharedPassword"},
    "database": {"kind": "sqlite"},
    "network": {
        "egressProxy": {"url": "http://proxy.outside.internal:3128", "reach": {"cidrs": ["100.64.20.5/32"]}}
    },
    "services": {
        "catalogue": [
            {"url": "https://tracker.outside.internal", "reach": {"cidrs": ["100.64.41.0/28"]}},
            {"url": "https://gitlab.outside.internal", "reach": {"cidrs": ["100.64.42.0/28"]}},
        ]
    },
}
PROXY, TRACKER = "proxy.outside.internal:3128", "tracker.outside.internal:443"
ADDRESSES = {"100.64.20.5", "100.64.41.5", "100.64.42.5"}


@pytest.fixture(scope="module")
def namespace() -> Iterator[Hub]:
    """The stack's world, and a namespace where some pods may reach nothing, and some only the proxy."""
    hub = Hub.of_this_machine()
    world.start(PLACE.paths, STACK, DOCUMENT, {})
    rules: list[dict[str, Any]] = [
        {"to": [{"ipBlock": {"cidr": "100.64.20.5/32"}}], "ports": [{"port": 3128}]},
        {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
    ]
    policies = [_policy("nothing", {"limited": "yes"}, []), _policy("proxy", {"may": "proxy"}, rules)]
    documents = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, *policies]
    items = {"apiVersion": "v1", "kind": "List", "items": documents}
    tool(hub.engine.env, "kubectl", "apply", "-f", "-", given=json.dumps(items))
    try:
        yield hub
    finally:
        tool(hub.engine.env, "kubectl", "delete", "namespace", NAMESPACE, "--wait=false")
        world.stop(PLACE.paths, STACK)


def _policy(name: str, labels: dict[str, str], rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Egress"], "egress": rules},
    }


def running() -> dict[str, Identity]:
    """The world's processes."""
    processes = Processes(PLACE.records, PLACE.paths.logs, str(PLACE.state))
    found = {name: processes.running(name) for name in processes.names() if name.startswith(services.PREFIX)}
    return {name: record.identity for name, record in found.items() if record}


def ways() -> str:
    """Where the machine itself would send, and where it sends what comes from pods."""
    said = [
        subprocess.run(["ip", "route", "get", *way], capture_output=True, text=True, check=False).stdout
        for way in [("100.64.41.5",), ("100.64.41.5", "from", "10.201.0.9", "iif", "jhub-node")]
    ]
    return "\n--\n".join(said)


def test_pods_find_names_and_reach_what_no_policy_forbids(namespace: Hub) -> None:
    assert reached(namespace, NAMESPACE, {}, [PROXY, TRACKER]) == {PROXY, TRACKER}


def test_policies_hold_on_the_way_there(namespace: Hub) -> None:
    """By address too: that a name cannot be asked for is not what keeps the pod away."""
    targets = [PROXY, TRACKER, "100.64.20.5:3128", "100.64.41.5:443"]
    pods = ({"limited": "yes"}, {"may": "proxy"})
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda labels: reached(namespace, NAMESPACE, labels, targets), pods)
    assert list(found) == [set(), {PROXY, "100.64.20.5:3128"}]


def test_the_machine_itself_is_not_led_there(namespace: Hub) -> None:
    own, pods = ways().split("\n--\n")
    assert outside.LINK not in own
    assert outside.LINK in pods


def test_a_second_start_changes_nothing(namespace: Hub) -> None:
    before = running()
    world.start(PLACE.paths, STACK, DOCUMENT, {})
    assert running() == before
    assert before


def test_what_was_broken_is_made_again(namespace: Hub) -> None:
    os.kill(running()["outside-proxy"].pid, signal.SIGKILL)
    subprocess.run(["ip", "link", "delete", outside.LINK], check=True)
    world.start(PLACE.paths, STACK, DOCUMENT, {})
    assert reached(namespace, NAMESPACE, {}, [PROXY, TRACKER]) == {PROXY, TRACKER}


def test_a_start_that_was_killed_half_way_is_finished(namespace: Hub) -> None:
    """Without routes, and the inner end of the cable without its address."""
    subprocess.run(["ip", "route", "flush", "table", outside.TABLE], check=True)
    inside = f"--net={outside.namespace(PLACE)}"
    subprocess.run(["nsenter", inside, "ip", "addr", "flush", "dev", outside.INSIDE], check=True)
    world.start(PLACE.paths, STACK, DOCUMENT, {})
    assert reached(namespace, NAMESPACE, {}, [TRACKER]) == {TRACKER}


def test_what_one_stack_needed_alone_goes_with_it(namespace: Hub) -> None:
    others = {stack.name for stack in stacks.known(PLACE.paths)} - {STACK}
    world.stop(PLACE.paths, STACK)
    try:
        hosts = (PLACE.config / "hosts").read_text()
        assert "outside.internal" not in hosts
        routes = subprocess.run(
            ["ip", "route", "show", "table", outside.TABLE], capture_output=True, text=True, check=False
        )
        assert not any(address in routes.stdout for address in ADDRESSES)
        assert {stack.name for stack in stacks.known(PLACE.paths)} == others
        if not services.listeners(stacks.known(PLACE.paths)):
            assert outside.leftovers() == []
            assert str(outside.namespace(PLACE)) not in Path("/proc/mounts").read_text()
            assert running() == {}
    finally:
        world.start(PLACE.paths, STACK, DOCUMENT, {})
