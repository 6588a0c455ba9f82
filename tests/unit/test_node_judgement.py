"""What the node concludes from what it sees: readiness, GPUs, mounts, pods in trouble, fitness for pods."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any, cast

import pytest

from embedded.node import cgroups, diagnosis, down, files, gpu, health, pods, readiness, troubles, verdict
from embedded.node.api import Api
from embedded.node.layout import Layout
from embedded.paths import Paths


def node(status: str, beat: datetime.datetime) -> dict[str, Any]:
    entry = {"type": "Ready", "status": status, "lastHeartbeatTime": beat.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {"status": {"conditions": [entry]}}


NOW = datetime.datetime(2026, 1, 1, 12, 0, 0, tzinfo=datetime.UTC)


def test_an_old_word_of_readiness_counts_for_nothing() -> None:
    before = NOW - datetime.timedelta(minutes=5)
    assert readiness.ready(node("True", NOW), NOW.timestamp())
    assert not readiness.ready(node("True", before), NOW.timestamp())
    assert not readiness.ready(node("False", NOW), 0.0)
    assert not readiness.ready(None, 0.0)


@pytest.mark.parametrize(
    ("there", "count", "operations"),
    [
        (None, 0, []),
        ("2", 2, []),
        (None, 2, ["add", "add"]),
        ("1", 2, ["add", "add"]),
        ("2", 0, ["remove"] * 2),
    ],
)
def test_gpus_are_offered_as_asked_and_only_what_differs_is_written(
    there: str | None, count: int, operations: list[str]
) -> None:
    known = {gpu.RESOURCE: there} if there else {}
    changes = gpu.changes({"status": {"capacity": known, "allocatable": known}}, count)
    assert [change["op"] for change in changes] == operations
    assert all(change["path"].endswith("/nvidia.com~1gpu") for change in changes)


def test_mounts_below_the_nodes_folders_come_off_last_first_and_no_others(tmp_path: Path) -> None:
    place = Layout(Paths(cache=tmp_path, state=Path("/var/lib/node")), run=Path("/run/node"))
    table = tmp_path / "mounts"
    table.write_text(
        "/dev/vda / ext4 rw 0 0\n"
        "tmpfs /var/lib/node/kubelet/pods/1 tmpfs rw 0 0\n"
        "overlay /run/node/containerd/a overlay rw 0 0\n"
        "tmpfs /var/lib/node/kubelet/pods/1/sub\\040path tmpfs rw 0 0\n"
        "tmpfs /var/lib/node-of-somebody/else tmpfs rw 0 0\n"
    )
    assert down.mounts(place, table) == [
        "/var/lib/node/kubelet/pods/1/sub path",
        "/run/node/containerd/a",
        "/var/lib/node/kubelet/pods/1",
    ]


def test_control_groups_of_every_tree_are_found_once(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text(
        "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
        "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
        "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
        "cgroup /elsewhere/cpu cgroup rw,cpu 0 0\n"
    )
    assert cgroups.trees(table) == [Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/unified")]


def test_the_version_of_control_groups_is_told_by_the_unified_root(tmp_path: Path) -> None:
    assert cgroups.version(tmp_path) == 1
    (tmp_path / "cgroup.controllers").touch()
    assert cgroups.version(tmp_path) == 2


def test_an_ordinary_user_runs_no_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = verdict.can_run_pods()
    assert not found.ok
    assert "root" in found.why


def test_a_machine_whose_control_groups_cannot_be_written_runs_no_pods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cgroups, "trees", lambda: [Path("/proc/self")])
    found = verdict.can_run_pods()
    assert not found.ok
    assert "control groups cannot be made" in found.why


def test_a_machine_that_forbids_namespaces_runs_no_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(verdict, "_cgroups", lambda: "")
    monkeypatch.setenv("PATH", "/nonexistent")
    found = verdict.can_run_pods()
    assert not found.ok
    assert "namespaces" in found.why


def pod(name: str, **state: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"metadata": {"name": name, "namespace": "lab"}, "status": state}


def test_only_pods_in_trouble_are_told_with_the_reason_nearest_to_the_cause() -> None:
    ready = [{"type": "Ready", "status": "True"}]
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    unscheduled = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
    ]
    lines = troubles.unready(
        [
            pod("well", phase="Running", conditions=ready),
            pod("done", phase="Succeeded"),
            pod("pulling", phase="Pending", containerStatuses=[{"name": "c", "state": waiting}]),
            pod("homeless", phase="Pending", conditions=unscheduled),
        ]
    )
    assert lines == [
        "lab/pulling: Pending; container c: ImagePullBackOff: no such image",
        "lab/homeless: Pending; Unschedulable: no room",
    ]


def test_warnings_come_once_each_the_newest_last() -> None:
    def event(kind: str, reason: str, when: str) -> dict[str, Any]:
        return {
            "type": kind,
            "reason": reason,
            "message": "m",
            "lastTimestamp": when,
            "involvedObject": {"kind": "Pod", "name": "p"},
        }

    found = troubles.warnings(
        [
            event("Warning", "B", "2"),
            event("Warning", "A", "1"),
            event("Warning", "old", "0"),
            event("Normal", "C", "3"),
            event("Warning", "A", "4"),
        ],
        since="1",
    )
    assert found == ["Pod/p: B: m", "Pod/p: A: m"]


def test_the_words_of_a_container_that_ended_are_those_from_before_its_restart() -> None:
    asked = []

    class Told:
        def text(self, path: str) -> str:
            asked.append(path)
            return "no such module"

    broken = {
        "metadata": {"name": "hub", "namespace": "lab"},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": "hub", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
            ],
        },
    }
    ready = {"status": {"phase": "Succeeded"}, "metadata": {"name": "p", "namespace": "lab"}}
    told = cast(Api, Told())
    assert troubles.said(told, [ready, broken]) == ["lab/hub hub: no such module"]
    assert asked == ["/api/v1/namespaces/lab/pods/hub/log?container=hub&tailLines=8&previous=true"]


def test_a_node_that_was_never_started_says_so_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(cache=tmp_path / "cache", state=tmp_path / "state")
    place = Layout(paths, run=tmp_path / "run")
    monkeypatch.setattr(health, "layout", lambda _: place)
    monkeypatch.setattr(diagnosis, "layout", lambda _: place)
    (part,) = health.status(paths)
    assert not part.ok
    assert "make up" in part.detail
    assert diagnosis.diagnose(paths).endswith("make up  (starts what is down, keeps what runs)")


def test_only_errors_that_are_errors_count_as_complaints() -> None:
    real = 'E1121 11:48:15.9 3643 pod_workers.go:1338] "Error syncing pod"'
    usual = 'level=error msg="failed to save logs: unable to retrieve in cluster config: ..."'
    assert diagnosis.complaints(["I1121 fine", real, usual]) == [real]


def test_control_groups_whose_controllers_are_not_handed_down_run_no_pods(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path)
    monkeypatch.setattr(cgroups, "version", lambda: 2)
    monkeypatch.setattr(cgroups, "trees", lambda: [tmp_path])
    monkeypatch.setattr(cgroups, "handed_down", lambda _: {"cpu", "memory"})
    found = verdict.can_run_pods()
    assert not found.ok
    assert "cpuset, pids" in found.why


def test_a_pod_is_ready_when_its_condition_says_so() -> None:
    assert pods.ready(pod("p", conditions=[{"type": "Ready", "status": "True"}]))
    assert not pods.ready(pod("p", conditions=[{"type": "Ready", "status": "False"}]))
    assert not pods.ready(None)


def test_a_file_is_not_touched_when_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert files.write(path, "a", 0o600)
    before = path.stat()
    assert not files.write(path, "a", 0o600)
    after = path.stat()  # not st_atime: to look is allowed
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files.write(path, "b", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
