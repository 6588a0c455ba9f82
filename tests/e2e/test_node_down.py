"""Taking the node down leaves nothing of it but its data, however it was; then everything comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import node, toolchain, world
from embedded.node import network, outside
from embedded.node.layout import CGROUP, Options
from embedded.paths import Paths
from embedded.up import CONTROL_PLANE
from tests.e2e.node_pod import Workload, wait_for, workload
from tests.e2e.test_node import PARTS, PLACE, kill, options, running, start
from tests.e2e.test_world_network import DOCUMENT, STACK

pytestmark = pytest.mark.node

# Taken before the first test: what the machine is asked for after each stop.
ROOTS = (f"{PLACE.state}/", f"{PLACE.run}/")


def traces() -> list[str]:
    """Everything of the node that can be seen on the machine, looked for without the node's own code."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if int(folder.name) != os.getpid() and f"EMBEDDED_NODE={PLACE.state}\0".encode() in text:
            found.append(f"process {folder.name}")
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if any(r in line for r in ROOTS)]
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    found += [line for line in links.splitlines() if line.startswith(("jhub-", "veth"))]
    rules = subprocess.run(["ip", "rule"], capture_output=True, text=True, check=True).stdout
    found += [line for line in rules.splitlines() if "10.201." in line]
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    found += [line for line in routes.splitlines() if line.startswith(("10.96.", "10.200.", "10.201."))]
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    found += [line for line in tables.splitlines() if "jhub" in line or "kube" in line.lower()]
    found += [str(folder) for folder in Path("/sys/fs/cgroup").glob(f"**/{CGROUP}")]
    found += [
        str(note) for note in Path("/var/lib/cni/results").glob("*") if str(PLACE.run) in note.read_text()
    ]
    return found


def settings() -> dict[str, str]:
    return {name: (network.SYSCTL / name).read_text() for name in network.CHANGED}


@pytest.fixture(scope="module")
def wanted() -> Options:
    """What the node was started with; its record goes with it."""
    return options()


@pytest.fixture(scope="module")
def pod(wanted: Options) -> Iterator[Workload]:
    start(wanted)
    with workload(PLACE, wanted) as made:
        yield made
        start(wanted)
    node.stop(PLACE.paths)


def test_down_leaves_nothing_and_the_next_start_has_everything(pod: Workload, wanted: Options) -> None:
    content, before = pod.content(), PLACE.sysctls.read_text()
    began = time.monotonic()
    node.stop(PLACE.paths)
    assert time.monotonic() - began < 30, "aim: below 15 s"
    assert traces() == []
    assert all(f'"{value.strip()}"' in before for value in settings().values()), (
        "kernel settings stay changed"
    )
    took = start(wanted)
    assert took < 90, "aim: the node is ready within 20 s on a quiet machine"
    assert pod.content() == content
    wait_for(lambda: pod.through_ingress() == content, "the page through the ingress")


def test_down_takes_the_world_around_a_stack_along(pod: Workload, wanted: Options) -> None:
    content = pod.content()
    world.start(PLACE.paths, STACK, DOCUMENT, {})
    try:
        assert [line for line in traces() if outside.LINK in line]
        node.stop(PLACE.paths)
        assert traces() == []
        start(wanted)
    finally:
        world.stop(PLACE.paths, STACK)
    assert pod.content() == content


def test_down_after_every_part_was_killed_leaves_nothing(pod: Workload, wanted: Options) -> None:
    content = pod.content()
    for name in PARTS:
        kill(name)
    node.stop(PLACE.paths)
    assert traces() == []
    start(wanted)
    assert pod.content() == content


def test_down_when_even_the_records_are_lost_leaves_nothing(pod: Workload) -> None:
    for name in running().names():
        (PLACE.records / f"{name}.json").unlink()
    node.stop(PLACE.paths)
    assert traces() == []


def test_down_of_a_node_that_is_down_is_quiet(pod: Workload) -> None:
    node.stop(PLACE.paths)
    node.stop(PLACE.paths)
    assert traces() == []
    (part,) = node.status(PLACE.paths)
    assert "make up" in part.detail


def test_a_control_plane_alone_starts_repairs_and_is_purged(pod: Workload, tmp_path: Path) -> None:
    node.stop(PLACE.paths)
    paths = Paths(cache=PLACE.paths.cache, state=tmp_path / "state")
    alone = Options(api_port=7943, pods=False)
    tools = toolchain.ensure(CONTROL_PLANE, paths)
    try:
        node.start(paths, tools, {}, alone)
        assert [part for part in node.status(paths) if not part.ok] == []
        record = running().running("etcd")
        assert record
        os.kill(record.identity.pid, signal.SIGKILL)
        node.start(paths, tools, {}, alone)
        assert [part for part in node.status(paths) if not part.ok] == []
        assert traces() == []
    finally:
        node.stop(paths, purge=True)
    assert not paths.state.exists()
