"""The image of real platform services for tests: its jars are those that were locked; no stack builds it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.images import extras, jars, services
from embedded.images.command import Runner
from embedded.paths import CHECKOUT
from tests.unit.documents import STACKS, committed

SOURCE = CHECKOUT / "images" / "services"


def test_a_jar_that_is_another_missing_or_more_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(b"a")
    locked = "".join(f"{digest}  {name}\n" for name, digest in jars._digests(tmp_path).items())
    jars.check(tmp_path, locked)
    (tmp_path / "b.jar").write_bytes(b"b")
    with pytest.raises(Fault, match=r"b\.jar"):
        jars.check(tmp_path, locked)
    (tmp_path / "b.jar").unlink()
    (tmp_path / "a.jar").write_bytes(b"another")
    with pytest.raises(Fault, match=r"a\.jar"):
        jars.check(tmp_path, locked)
    (tmp_path / "a.jar").unlink()
    with pytest.raises(Fault, match=r"a\.jar"):
        jars.check(tmp_path, locked)


def test_the_lock_is_of_what_the_list_asks_for() -> None:
    lines = (SOURCE / jars.LOCK).read_text().splitlines()
    assert all(re.fullmatch(r"[0-9a-f]{64}  [\w.-]+\.jar", line) for line in lines)
    artifact, version = re.findall(r"<artifactId>(kafka_\S+)</artifactId>\s*<version>(\S+)</version>", pom())[
        0
    ]
    assert any(line.endswith(f"  {artifact}-{version}.jar") for line in lines)
    assert "://" not in (SOURCE / "requirements.txt").read_text()


def pom() -> str:
    return (SOURCE / "pom.xml").read_text()


def test_a_lock_is_made_of_what_maven_brings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(_self: object, _what: str, argv: list[object], **more: object) -> None:
        folder = Path(str(argv[-1]).partition("=")[2])
        assert more["fresh"] == folder
        folder.mkdir(parents=True)
        (folder / "z.jar").write_bytes(b"z")

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/mvn")
    monkeypatch.setattr(Runner, "fetch", bring)
    jars.lock(tmp_path, tmp_path / "brought", Runner())
    shutil.rmtree(tmp_path / "brought")
    jars.download(tmp_path, tmp_path / "brought", Runner())
    (tmp_path / jars.LOCK).write_text("0" * 64 + "  z.jar\n")
    with pytest.raises(Fault, match=r"z\.jar"):
        jars.download(tmp_path, tmp_path / "brought-again", Runner())


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_builds_it_by_itself(stack: str) -> None:
    assert services.NAME not in extras.extras_for(committed(stack))
