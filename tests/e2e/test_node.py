"""The node of `make up`: killed part by part and repaired, its data intact; no second node beside it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from embedded import images, node, toolchain
from embedded.fault import Fault
from embedded.node import ownership
from embedded.node.health import Part
from embedded.node.identity import Identity
from embedded.node.layout import Options, layout
from embedded.node.processes import Processes
from embedded.paths import CHECKOUT, find
from embedded.up import CONTROL_PLANE, NODE_TOOLS
from tests.e2e.node_pod import Workload, workload

pytestmark = pytest.mark.node

PARTS = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "containerd", "netpol"),
    *("coredns", "local-path-provisioner", "traefik", "kubelet", "kube-proxy"),
)
PLACE = layout(find())


def running() -> Processes:
    return Processes(PLACE.records, PLACE.paths.logs, str(PLACE.state))


def options() -> Options:
    owner = ownership.read(PLACE)
    assert owner, "the node was never started"
    return owner.options


def start(wanted: Options | None = None) -> float:
    """Start the node as `make up` does; says how long it took."""
    tools = toolchain.ensure([*CONTROL_PLANE, *NODE_TOOLS], PLACE.paths)
    built = images.ensure(PLACE.paths)
    began = time.monotonic()
    node.start(PLACE.paths, tools, built, wanted or options())
    return time.monotonic() - began


def identities() -> dict[str, Identity]:
    found = {name: running().running(name) for name in PARTS}
    return {name: record.identity for name, record in found.items() if record}


def broken() -> list[Part]:
    return [part for part in node.status(PLACE.paths) if not part.ok]


def kill(name: str) -> None:
    record = running().running(name)
    assert record, f"{name} does not run"
    os.kill(record.identity.pid, signal.SIGKILL)
    while record.identity.alive():
        time.sleep(0.02)


@pytest.fixture(scope="module")
def pod() -> Iterator[Workload]:
    """A pod that serves a file from a volume through the ingress, with the number of its first process."""
    start()
    with workload(PLACE, options()) as made:
        yield made


def test_a_start_of_a_running_node_changes_nothing_and_is_quick(pod: Workload) -> None:
    before = identities()
    assert set(before) == set(PARTS)
    took = start()
    assert identities() == before
    assert took < 5, "aim: below 2 s on a quiet machine"


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_part_is_repaired_and_only_that_one(pod: Workload, name: str) -> None:
    before, content, container = identities(), pod.content(), pod.container()
    kill(name)
    assert name in {part.name for part in broken()}
    start()
    after = identities()
    assert {part for part in PARTS if before[part] != after[part]} == {name}
    assert broken() == []
    assert pod.content() == content
    assert pod.container() == container, "the pod was restarted"


def test_all_parts_killed_at_once_are_repaired_and_the_pod_runs_on(pod: Workload) -> None:
    content, container = pod.content(), pod.container()
    for name in PARTS:
        kill(name)
    start()
    assert broken() == []
    assert pod.content() == content
    assert pod.container() == container


def test_the_ingress_serves_by_a_certificate_of_this_machine(pod: Workload) -> None:
    assert pod.through_ingress() == pod.content()


def test_a_websocket_goes_through_the_ingress(pod: Workload) -> None:
    context = ssl.create_default_context(cafile=str(PLACE.paths.pki / "ingress-ca.crt"))
    raw = socket.create_connection(("127.0.0.1", options().https_port), timeout=20)
    with context.wrap_socket(raw, server_hostname=pod.host) as channel:
        channel.sendall(
            f"GET /socket HTTP/1.1\r\nHost: {pod.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert b"101 Switching Protocols" in channel.recv(4096)
        channel.sendall(b"both ways")
        assert channel.recv(64) == b"both ways"


def test_pretend_gpus_are_offered_taken_back_and_scheduled_by(pod: Workload) -> None:
    before = options()
    try:
        start(dataclasses.replace(before, gpus=2))
        assert pod.node()["status"]["allocatable"]["nvidia.com/gpu"] == "2"
        kill("kubelet")
        start()
        assert pod.node()["status"]["capacity"]["nvidia.com/gpu"] == "2"
    finally:
        start(before)
    assert ("nvidia.com/gpu" in pod.node()["status"]["capacity"]) == bool(before.gpus)


def test_a_second_checkout_is_told_where_the_first_one_lives(pod: Workload, tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "embedded", tmp_path / "embedded")
    before = identities()
    for action in ("start", "stop"):
        done = module(tmp_path, action)
        assert done.returncode == 1
        assert f"started from {CHECKOUT}" in done.stdout
        assert f"make -C {CHECKOUT} down" in done.stdout
    assert identities() == before


def test_the_same_checkout_with_another_state_is_refused(pod: Workload, tmp_path: Path) -> None:
    done = module(CHECKOUT, "start", EMBEDDED_STATE=str(tmp_path / "state"))
    assert done.returncode == 1
    assert f"with its state in {PLACE.state}" in done.stdout


def module(checkout: Path, action: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The node's own command, which needs neither tools nor images to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "embedded.node", action, "--bin", "/nonexistent"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_taken_port_is_named_before_anything_changes(pod: Workload) -> None:
    before = identities()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with pytest.raises(Fault, match=f"Port {port}, .* is taken by process {os.getpid()}") as told:
            start(dataclasses.replace(options(), https_port=port))
    assert "HTTPS_PORT=" in told.value.remedy
    assert identities() == before


def test_nothing_of_the_node_listens_on_an_outside_interface(pod: Workload) -> None:
    ours = {identity.pid for identity in identities().values()}
    shown = subprocess.run(["ss", "-Hltnup"], capture_output=True, text=True, check=True).stdout
    lines = [line for line in shown.splitlines() if any(f"pid={pid}," in line for pid in ours)]
    assert lines
    for line in lines:
        assert line.split()[4].startswith(("127.0.0.1:", "10.200.0.1:")), line


def test_a_pod_that_asks_for_root_is_refused_where_the_namespace_says_restricted(pod: Workload) -> None:
    answer = pod.create_privileged_in_restricted()
    assert answer.status_code == requests.codes.forbidden
    assert "violates PodSecurity" in answer.text
