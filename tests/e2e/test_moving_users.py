"""Users under other names on the running hub: their files are there, byte for byte, and back again."""

from __future__ import annotations

import csv
import json
import os
import secrets
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embedded.paths import CHECKOUT
from tests.e2e.hub import Hub
from tests.e2e.person import Person
from tests.e2e.smoke_faults import variables

pytestmark = pytest.mark.node

Json = dict[str, Any]
# Hidden, in a folder, executable, with a name that is not ASCII: what a careless copy changes.
WRITE = """
import hashlib, os, pathlib, sys
place = pathlib.Path("a folder/.hidden \\u00e9")
place.parent.mkdir()
data = os.urandom(3_000_000)
place.write_bytes(data)
place.chmod(0o751)
print(hashlib.sha256(data).hexdigest())
"""
READ = """
import hashlib, pathlib
place = pathlib.Path("a folder/.hidden \\u00e9")
print(hashlib.sha256(place.read_bytes()).hexdigest(), oct(place.stat().st_mode & 0o777))
"""


@dataclass(frozen=True)
class Mover:
    """`ops move-users` on the running stack, as a program of its own."""

    env: Mapping[str, str]
    folder: Path

    def started(self, *words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [CHECKOUT / "bin" / "ops", "move-users", "local", *map(str, words)],
            env=dict(self.env),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ran(self, *words: str | Path, ends: int = 0) -> Json:
        process = self.started("--json", *words)
        out, err = process.communicate(timeout=300)
        assert process.returncode == ends, out + err
        found: Json = json.loads(out)
        return found


@dataclass(frozen=True)
class Moved:
    """Somebody with two names, and what lies in the home."""

    old: str
    new: str
    digest: str


def claims(hub: Hub) -> dict[str, Json]:
    """The claims of homes, by whose they are."""
    found = json.loads(hub.kubectl("get", "pvc", "-l", "component=singleuser-storage", "-o", "json"))["items"]
    return {one["metadata"]["annotations"]["hub.jupyter.org/username"]: one for one in found}


def volume_of(hub: Hub, user: str) -> str:
    """The volume that is bound to somebody's claim, and the claim to it."""
    claim = claims(hub)[user]
    assert claim["status"]["phase"] == "Bound"
    volume = json.loads(hub.kubectl("get", "pv", claim["spec"]["volumeName"], "-o", "json"))
    assert volume["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
    return str(volume["metadata"]["name"])


def written(hub: Hub, name: str) -> str:
    person = Person.signed_in(hub, name)
    person.start()
    return person.run("python3", "-c", WRITE).strip()


def read(hub: Hub, name: str) -> list[str]:
    person = Person.signed_in(hub, name)
    person.start()
    try:
        return person.run("python3", "-c", READ).split()
    finally:
        person.stop()


@pytest.fixture(scope="module")
def hub() -> Hub:
    return Hub.of_this_machine()


@pytest.fixture(scope="module")
def mover(tmp_path_factory: pytest.TempPathFactory) -> Mover:
    return Mover(variables(), tmp_path_factory.mktemp("moving"))


@pytest.fixture(scope="module")
def people(hub: Hub, mover: Mover) -> Iterator[list[Moved]]:
    """Two people whose servers run: one with an ordinary name, one with an odd one."""
    end = secrets.token_hex(3)
    names = [f"moving-{end}", f"moving o'neil+{end}@example.org"]
    with ThreadPoolExecutor() as both:
        digests = list(both.map(lambda name: written(hub, name), names))
    found = [Moved(name, str(uuid.uuid4()), digest) for name, digest in zip(names, digests, strict=True)]
    with (mover.folder / "map.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["old", "new"])
        writer.writerows((one.old, one.new) for one in found)
    yield found
    of_test = {name for one in found for name in (one.old, one.new)}
    for user, claim in claims(hub).items():
        if user in of_test:
            hub.kubectl("delete", "pvc", claim["metadata"]["name"], "--wait=false")


def test_a_dry_run_changes_nothing_and_a_running_server_is_in_the_way(
    hub: Hub, mover: Mover, people: list[Moved]
) -> None:
    before = {name: claims(hub)[name]["metadata"] for name in (one.old for one in people)}
    told = mover.ran("--map", "map.csv", ends=1)
    assert told["counts"] == {"stays": 2}
    assert all("--stop-servers" in " ".join(one["why"]) for one in told["users"])
    assert {name: claims(hub)[name]["metadata"] for name in before} == before


def test_killed_in_the_middle_completed_by_the_next_run_and_every_byte_is_there(
    hub: Hub, mover: Mover, people: list[Moved]
) -> None:
    volumes = {one.old: volume_of(hub, one.old) for one in people}
    running = mover.started("--map", "map.csv", "--stop-servers", "--apply", "--report", "report.json")
    assert running.stderr
    # The first has just moved; the second is somewhere on the way.
    line = next(line for line in running.stderr if f" -> {people[0].new}: " in line)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert people[0].old in line
    assert json.loads((mover.folder / "report.json").read_text())["over"] is False

    told = mover.ran("--map", "map.csv", "--stop-servers", "--apply", "--report", "second.json")
    assert told["counts"] == {"moved": 2}
    assert not any(one["accountThere"] for one in told["users"])
    found = claims(hub)
    for one in people:
        assert one.old not in found
        assert volume_of(hub, one.new) == volumes[one.old]
    with ThreadPoolExecutor() as both:
        contents = list(both.map(lambda one: read(hub, one.new), people))
    assert contents == [[one.digest, "0o751"] for one in people]


def test_back_under_the_old_name_and_deleted_with_its_claim_as_before(
    hub: Hub, mover: Mover, people: list[Moved]
) -> None:
    volumes = {one.old: volume_of(hub, one.new) for one in people}
    told = mover.ran("--undo", "report.json", "--apply", "--report", "back.json")
    assert told["counts"] == {"moved": 2}
    found = claims(hub)
    for one in people:
        assert one.new not in found
        assert volume_of(hub, one.old) == volumes[one.old]
    assert {one["policy"] for one in mover.ran("--finish", "--apply")["volumes"]} == {"Delete"}
    policies = hub.kubectl("get", "pv", *volumes.values(), "-o", "jsonpath={..persistentVolumeReclaimPolicy}")
    assert set(policies.split()) == {"Delete"}
