"""Killed in the middle: the next `make up` says what it found, repairs it, and ends at a running hub."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from embedded.engine.repair import locks
from embedded.node import diagnose
from embedded.paths import CHECKOUT, find
from tests.e2e.hub import Hub, engine_of_this_machine, make, tool

pytestmark = pytest.mark.node


def wait_for(what: Callable[[], object], seconds: float = 180) -> None:
    """Wait until something is true; a generous end, since the machine may be busy."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)


def pending_release() -> bool:
    listed = tool(engine_of_this_machine().env, "helm", "list", "-A", "--pending", "-o", "json")
    return bool(json.loads(listed or "[]"))


def start_up() -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["make", "--silent", "-C", str(CHECKOUT), "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def destroy() -> None:
    done = engine_of_this_machine().attempt("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr


def login_page_answers() -> bool:
    hub = Hub.of_this_machine()
    return (
        requests.get(
            f"https://localhost:{hub.port}/hub/login",
            headers={"Host": f"jupyterhub.localhost:{hub.port}"},
            verify=str(hub.authority),
            timeout=20,
        ).status_code
        == 200
    )


def pods_of(component: str) -> list[str]:
    """Every pod of a part of the release: two hubs on one database delete each other's routes."""
    found = Hub.of_this_machine().kubectl("get", "pods", "-l", f"component={component}", "-o", "name")
    return found.split()


def test_an_engine_killed_in_the_middle_of_up_is_repaired_by_the_next_up() -> None:
    destroy()
    running = start_up()
    wait_for(pending_release)
    backend = Path(engine_of_this_machine().env["PULUMI_BACKEND_URL"].removeprefix("file://"))
    (lock,) = locks(backend, "local")
    os.kill(lock.pid, signal.SIGKILL)
    running.communicate(timeout=300)
    assert running.returncode != 0
    assert list(locks(backend, "local")), "the killed engine must have left its lock, else nothing was tried"

    again = make("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "was killed in the middle" in again.stdout
    assert login_page_answers()
    assert [len(pods_of(part)) for part in ("hub", "proxy")] == [1, 1]


def test_an_api_server_killed_in_the_middle_of_up_is_repaired_by_the_next_up() -> None:
    destroy()
    running = start_up()
    wait_for(pending_release)
    (api,) = [part for part in _processes() if part[1] == "kube-apiserver"]
    os.kill(api[0], signal.SIGKILL)
    said, _ = running.communicate(timeout=1200)
    assert running.returncode != 0
    assert "What to do:" in said, said[-2000:]
    assert "Traceback" not in said

    again = make("up")
    assert again.returncode == 0, again.stdout + again.stderr + diagnose(find())
    assert login_page_answers()
    assert [len(pods_of(part)) for part in ("hub", "proxy")] == [1, 1]


def _processes() -> list[tuple[int, str]]:
    """Processes of this node, by the state folder in their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, ValueError):
            continue
        if str(find().state) in " ".join(command):
            found.append((int(entry.name), Path(command[0]).name))
    return found
