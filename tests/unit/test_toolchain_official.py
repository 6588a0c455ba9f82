"""Real parts first: which `pulumi` is taken, what a download must show, and that a refusal costs little."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import socket
import tarfile
import time
from pathlib import Path

import pytest
import requests

from embedded.paths import Paths
from embedded.toolchain import official, tools, versions
from embedded.toolchain.official import Reach

WANTED = versions.load().pulumi


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "cache", tmp_path / "state")


def put_pulumi(folder: Path, version: str, host: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in (("pulumi", f"echo v{version}"), ("pulumi-language-python", "")):
        if name == "pulumi" or host:
            (folder / name).write_text(f"#!/bin/sh\n{body}\n")
            (folder / name).chmod(0o755)
    return folder


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("the network was asked")


def test_a_pulumi_on_path_with_its_language_host_comes_first(
    tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_pulumi(tmp_path / "bin", WANTED.minimum)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(requests, "head", refuse)
    found = tools.ensure(["pulumi", "pulumi-language-python"], paths)
    assert found.origin("pulumi") == found.origin("pulumi-language-python") == "on PATH"
    assert found.path("pulumi-language-python") == folder / "pulumi-language-python"


@pytest.mark.parametrize(("version", "host"), [("3.1.0", True), ("what", True), ("3.999.0", False)])
def test_an_old_broken_or_lone_pulumi_is_passed_over(
    tmp_path: Path, paths: Paths, version: str, host: bool
) -> None:
    worse = put_pulumi(tmp_path / "worse", version, host)
    good = put_pulumi(tmp_path / "good", "3.999.0")
    env = {"PATH": f"{worse}{os.pathsep}{tmp_path / 'none'}{os.pathsep}{good}"}
    assert official.on_path(WANTED, paths, env) == good
    assert official.on_path(WANTED, paths, {"PATH": str(worse)}) is None


def test_our_own_wrapper_is_not_a_pulumi_on_path(paths: Paths) -> None:
    ours = put_pulumi(paths.state / "engine" / "bin", "3.999.0")
    assert official.on_path(WANTED, paths, {"PATH": str(ours)}) is None


def test_a_download_that_is_there_beats_a_build(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put_pulumi(official.release_folder(WANTED, paths.tools), WANTED.official)
    monkeypatch.setattr(official, "on_path", lambda *_: None)
    monkeypatch.setattr(requests, "head", refuse)
    found = tools.ensure(["pulumi"], paths)
    assert (found.path("pulumi"), found.origin("pulumi")) == (folder / "pulumi", "official download")


def test_offline_asks_nobody(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "head", refuse)
    assert not Reach(paths.cache, {"EMBEDDED_OFFLINE": "1"})("https://localhost/")
    assert not (paths.cache / "official-downloads-refused").exists()


def test_a_refusal_is_remembered_for_a_day(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refused(url: str) -> bool:
        asked.append(url)
        return False

    monkeypatch.setattr(official, "_answers", refused)
    assert not Reach(paths.cache, {})("u")
    assert not Reach(paths.cache, {})("u")
    assert asked == ["u"]
    long_ago = time.time() - official.REMEMBERED_SECONDS - 1
    os.utime(paths.cache / "official-downloads-refused", (long_ago, long_ago))
    assert not Reach(paths.cache, {})("u")
    assert asked == ["u", "u"]


def test_a_place_that_accepts_and_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "TRY_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert not official._answers(f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert time.monotonic() - started < 5


def release(name: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for file in ("pulumi", "pulumi-language-python"):
            info = tarfile.TarInfo(f"{name}/{file}")
            info.size, info.mode = 2, 0o755
            archive.addfile(info, io.BytesIO(b"hi"))
    return packed.getvalue()


def served(monkeypatch: pytest.MonkeyPatch, archive: bytes, digest: str) -> None:
    def get(url: str) -> bytes:
        name = f"pulumi-v{WANTED.official}-linux-x64.tar.gz"
        return f"{'0' * 64}  other.tar.gz\n{digest}  {name}\n".encode() if url.endswith(".txt") else archive

    monkeypatch.setattr(official, "_answers", lambda _: True)
    monkeypatch.setattr(official, "_get", get)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.mark.parametrize("kind", ["sha256", "sha512"])
def test_a_download_with_its_checksum_is_unpacked(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    archive = release("pulumi")
    served(monkeypatch, archive, hashlib.new(kind, archive).hexdigest())
    folder = official.download_engine(WANTED, paths.tools, Reach(paths.cache, {}))
    assert folder is not None
    assert sorted(path.name for path in folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert os.access(folder / "pulumi", os.X_OK)


@pytest.mark.parametrize("digest", ["0" * 64, "0" * 128, "0" * 40, ""])
def test_a_download_without_its_checksum_is_not_used(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, digest: str
) -> None:
    served(monkeypatch, release("pulumi"), digest)
    assert official.download_engine(WANTED, paths.tools, Reach(paths.cache, {})) is None
    assert not official.release_folder(WANTED, paths.tools).exists()


def put_plugin(name: str, paths: Paths, start: bytes) -> None:
    folder = official.plugin_folder(name, WANTED.plugins[name], paths)
    folder.mkdir(parents=True)
    (folder / f"pulumi-resource-{name}").write_bytes(start)


def test_official_plugins_that_are_there_need_no_network(paths: Paths) -> None:
    for name in WANTED.plugins:
        put_plugin(name, paths, b"\x7fELF...")
    assert official.have_plugins(Path("/none"), paths, WANTED, Reach(paths.cache, {"EMBEDDED_OFFLINE": "1"}))


def test_the_embedded_providers_are_not_taken_for_official_plugins(paths: Paths) -> None:
    for name in WANTED.plugins:
        put_plugin(name, paths, b"#!/bin/sh")
    offline = Reach(paths.cache, {"EMBEDDED_OFFLINE": "1"})
    assert not official.have_plugins(Path("/none"), paths, WANTED, offline)


def test_a_failed_plugin_download_is_no_plugin(
    tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(official, "_answers", lambda _: True)
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\nexit 1\n")
    pulumi.chmod(0o755)
    assert not official.have_plugins(pulumi, paths, WANTED, Reach(paths.cache, {}))
    pulumi.write_text("#!/bin/sh\nexit 0\n")
    assert official.have_plugins(pulumi, paths, WANTED, Reach(paths.cache, {}))
