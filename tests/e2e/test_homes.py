"""A home that is full: its server still starts, what fills it is deleted, work goes on.

Full for real: a small file system over the home's folder, with neither bytes nor names left.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.hub import Hub, tool
from tests.e2e.person import Person

pytestmark = pytest.mark.node

# Room for a few files beside what fills it; a page of memory is the least that a file takes.
_BYTES, _NAMES = 3 * 1024**2, 64
_FILLING = "filling.bin"
_NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@dataclass(frozen=True)
class Home:
    """A folder of this node that is somebody's home."""

    owner: Person
    place: Path

    @property
    def claim(self) -> str:
        return f"claim-{self.owner.name}"

    def bounded(self) -> None:
        """Lay a file system of few bytes and few names over it; it is the home before the spawner looks."""
        options = f"size={_BYTES},nr_inodes={_NAMES},mode=0777"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.place], check=True)
        namespace = self.owner.hub.namespace
        spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
        claim = {**spec, "volumeName": self.claim, "resources": {"requests": {"storage": "100Mi"}}}
        volume = {
            **spec,
            "capacity": {"storage": "100Mi"},
            "hostPath": {"path": str(self.place)},
            "claimRef": {"namespace": namespace, "name": self.claim},
        }
        kinds = {"PersistentVolume": volume, "PersistentVolumeClaim": claim}
        items = [
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": self.claim}, "spec": wanted}
            for kind, wanted in kinds.items()
        ]
        made = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        kubectl = ("kubectl", "--namespace", namespace, "apply", "--filename", "-")
        tool(self.owner.hub.engine.env, *kubectl, given=made)

    def released(self) -> None:
        """Take claim, volume and file system away again."""
        for kind in ("pvc", "pv"):
            self.owner.hub.kubectl("delete", kind, self.claim, "--wait=false", check=False)
        subprocess.run(["umount", "--lazy", self.place], check=False)

    def fill(self) -> None:
        """Fill it to the last byte, and then to the last name."""
        filling = self.place / _FILLING
        with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        filling.chmod(0o666)
        with contextlib.suppress(OSError):
            for count in range(_NAMES):
                self._named(count).mkdir()
        assert not os.statvfs(self.place).f_bavail
        assert not os.statvfs(self.place).f_favail

    def room_for_names(self) -> None:
        """Take away what fills it beside the large file."""
        for count in range(_NAMES):
            if self._named(count).exists():
                self._named(count).rmdir()

    def _named(self, count: int) -> Path:
        return self.place / f".name-{count}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Somebody's home that is full."""
    owner = Person.signed_in(Hub.of_this_machine(), f"full-{secrets.token_hex(3)}")
    found = Home(owner, tmp_path_factory.mktemp("home"))
    found.bounded()
    found.fill()
    try:
        yield found
    finally:
        owner.stop()
        found.released()


def test_a_server_starts_in_a_full_home_and_its_owner_makes_room(home: Home) -> None:
    owner, hub = home.owner, home.owner.hub
    files = f"/user/{owner.name}/api/contents"
    owner.start()
    assert "takes no more files" in hub.kubectl("logs", owner.pod)
    listed = owner.ask("GET", f"{files}/").json()
    assert _FILLING in {one["name"] for one in listed["content"]}
    seen = owner.ask("GET", f"/user/{owner.name}/api/metrics/v1").json()
    assert seen["limits"]["disk"]["warn"] is True, "JupyterLab's display of the disk is not red"
    assert owner.cell("print(6 * 7)").strip() == "42", "a kernel starts too, to see what is large"

    gone = owner.ask("DELETE", f"{files}/{_FILLING}")
    assert gone.status_code == 204, gone.text
    # At once, and into no bin of the same home.
    assert not list(home.place.rglob(f"{_FILLING}*"))
    home.room_for_names()
    owner.cell("open('work.txt', 'w').write('done after a full home')")
    saved = owner.ask("PUT", f"{files}/work.ipynb", {"type": "notebook", "content": _NOTEBOOK})
    assert saved.status_code == 201, saved.text
    assert (home.place / "work.txt").read_text() == "done after a full home"


def test_the_next_server_is_an_ordinary_one(home: Home) -> None:
    """What was moved out of the full home is back in it, beside what was saved."""
    owner = home.owner
    owner.stop()
    owner.start()
    assert "takes no more files" not in owner.hub.kubectl("logs", owner.pod)
    told = json.loads(owner.run("sh", "-c", "tr '\\0' '\\n' </proc/1/environ | grep -c HOME_IS_FULL || true"))
    assert told == 0
    assert json.loads(owner.run("cat", "work.ipynb"))["cells"] == _NOTEBOOK["cells"]
