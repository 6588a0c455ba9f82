"""Builds: keys by content, nothing half-made used, broken downloads, packages left out (Go is a script)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.paths import Paths
from embedded.toolchain import build as builds
from embedded.toolchain import ensure, golang, places, versions
from embedded.toolchain.build import Workshop, executable_name
from embedded.toolchain.golang import Go
from embedded.toolchain.trim import trim

# `go build` puts a file into the folder after -o for every package; `list` and `mod` succeed.
WORKING = """case "$1" in
  build) shift; while [ "$1" != -o ]; do shift; done; out=$2; shift 2
         for package in "$@"; do name=${package##*/}
         case $name in v[0-9]*) name=$(basename "${package%/*}");; esac
         echo made > "$out$name"; done;;
esac
"""
MakeGo = Callable[[str], Go]


@pytest.fixture
def make_go(tmp_path: Path) -> MakeGo:
    def make(body: str) -> Go:
        folder = tmp_path / "go"
        folder.mkdir(exist_ok=True)
        script = folder / "go"
        script.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n{body}')
        script.chmod(0o755)
        return Go(script, "1.26.0")

    return make


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    for name in versions.load().modules:
        folder = tmp_path / "modules" / name
        folder.mkdir(parents=True)
        (folder / "go.mod").write_text("module x\n")
        (folder / "go.sum").write_text("")
    return tmp_path / "modules"


def shop(tmp_path: Path, modules: Path, go: Go) -> Workshop:
    return Workshop(go, versions.load(), tmp_path / "tools", modules)


def quiet(_: str) -> None:
    return


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "tools.go", "_instead/a.b/c/none.go"])
def test_the_key_changes_with_every_file_of_the_build(
    tmp_path: Path, modules: Path, make_go: MakeGo, file: str
) -> None:
    go = make_go(WORKING)
    before, others = (shop(tmp_path, modules, go).folder(build) for build in ("helm", "etcd"))
    target = modules / "helm" / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("changed\n")
    assert shop(tmp_path, modules, go).folder("helm") != before
    assert shop(tmp_path, modules, go).folder("etcd") == others


def test_the_key_changes_with_go_and_with_flags(
    tmp_path: Path, modules: Path, make_go: MakeGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = make_go(WORKING)
    before = shop(tmp_path, modules, go).folder("helm")
    assert shop(tmp_path, modules, Go(go.binary, "1.26.1")).folder("helm") != before
    monkeypatch.setattr(builds, "FLAGS", ("-race",))
    assert shop(tmp_path, modules, go).folder("helm") != before


def test_the_language_host_s_key_follows_the_module_its_script_comes_from(
    tmp_path: Path, modules: Path, make_go: MakeGo
) -> None:
    go = make_go(WORKING)
    before = shop(tmp_path, modules, go).folder("pulumi-language-python")
    (modules / "pulumi" / "go.mod").write_text("module y\n")
    assert shop(tmp_path, modules, go).folder("pulumi-language-python") != before


def test_a_build_has_its_binaries_and_nothing_else(tmp_path: Path, modules: Path, make_go: MakeGo) -> None:
    workshop = shop(tmp_path, modules, make_go(WORKING))
    workshop.build("etcd", quiet)  # its package ends in /v3: go calls the binary `server`
    workshop.build("kubernetes", quiet)
    assert [path.name for path in workshop.folder("etcd").rglob("*")] == ["bin", "etcd"]
    assert len(list((workshop.folder("kubernetes") / "bin").iterdir())) == 6


def test_a_half_made_build_is_never_used_and_the_next_try_starts_clean(
    tmp_path: Path, modules: Path, make_go: MakeGo
) -> None:
    workshop = shop(tmp_path, modules, make_go(f"{WORKING}\n[ $1 = list ] || kill -9 $$"))
    with pytest.raises(Fault):
        workshop.build("helm", quiet)
    assert not workshop.built("helm")
    (workshop.cache / f".{workshop.folder('helm').name}.part" / "bin").mkdir(parents=True, exist_ok=True)
    shop(tmp_path, modules, make_go(WORKING)).build("helm", quiet)
    assert workshop.built("helm")
    assert not list(workshop.cache.glob("*.part"))


def test_a_second_builder_finds_the_first_one_s_work(tmp_path: Path, modules: Path, make_go: MakeGo) -> None:
    workshop = shop(tmp_path, modules, make_go(WORKING))
    workshop.build("helm", quiet)
    calls = (tmp_path / "calls").read_text()
    workshop.build("helm", quiet)
    assert (tmp_path / "calls").read_text() == calls


def test_a_builder_waits_for_another_one_and_says_so(tmp_path: Path, modules: Path, make_go: MakeGo) -> None:
    workshop = shop(tmp_path, modules, make_go(WORKING))
    waits, order = threading.Event(), list[str]()

    def second() -> None:
        with places.whole(workshop.folder("helm"), waits.set) as work:
            order.append("nothing left to do" if work is None else "builds again")

    thread = threading.Thread(target=second)
    with places.whole(workshop.folder("helm"), lambda: None) as work:
        assert work is not None
        thread.start()
        assert waits.wait(10)
        order.append("first is done")
    thread.join(10)
    assert order == ["first is done", "nothing left to do"]


def test_a_broken_download_is_tried_again(tmp_path: Path, make_go: MakeGo) -> None:
    pauses: list[float] = []
    go = make_go(
        f'n=$(wc -l < {tmp_path}/calls)\n[ "$n" -ge 3 ] || {{ echo "dial tcp: i/o timeout" >&2; exit 1; }}\n'
    )
    go.fetch(["list"], tmp_path, pauses.append)
    assert pauses == [2.0, 5.0]


def test_a_download_that_stays_broken_ends_in_go_s_own_words(tmp_path: Path, make_go: MakeGo) -> None:
    pauses: list[float] = []
    go = make_go('echo "reading sum: unexpected EOF" >&2; exit 1')
    with pytest.raises(Fault, match="unexpected EOF") as fault:
        go.fetch(["list"], tmp_path, pauses.append)
    assert len(pauses) == 3
    assert "make up" in fault.value.remedy


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("downloaded: h1:a\ngo.sum: h1:b\nverifying x@v1: checksum mismatch", "its checksum differs"),
        ("read: connection reset\nSECURITY ERROR\nverifying x@v1: checksum mismatch", "its checksum differs"),
        ("x@v1: reading https://p/x.zip: 403 Forbidden", "was refused a module"),
        ("write /c/x: no space left on device", "no space left"),
        ("main.go:3: undefined: x", "failed"),
    ],
)
def test_what_no_retry_mends_is_told_at_once(tmp_path: Path, make_go: MakeGo, words: str, says: str) -> None:
    pauses: list[float] = []
    (tmp_path / "words").write_text(words)
    go = make_go(f"cat {tmp_path}/words >&2; exit 1")
    with pytest.raises(Fault, match=says) as fault:
        go.fetch(["list", "-deps"], tmp_path, pauses.append)
    assert pauses == []
    assert words.splitlines()[-1].strip() in fault.value.what
    assert fault.value.follows
    assert fault.value.remedy


def test_go_gets_none_of_a_person_s_own_settings(make_go: MakeGo) -> None:
    env = make_go("").environment(
        {"GOFLAGS": "-mod=vendor", "GOOS": "plan9", "GOTOOLCHAIN": "auto", "HOME": "/h"}
    )
    assert env["GOFLAGS"] == "-mod=readonly"
    assert env["GOTOOLCHAIN"] == "local"
    assert env["HOME"] == "/h"
    assert "GOOS" not in env


@pytest.mark.parametrize(("version", "usable"), [("go1.26.0", True), ("go1.27.3", True), ("go1.25.9", False)])
def test_go_on_path_must_be_new_enough(
    make_go: MakeGo, monkeypatch: pytest.MonkeyPatch, version: str, usable: bool
) -> None:
    go = make_go(f"echo {version}")
    monkeypatch.setenv("PATH", f"{go.binary.parent}{os.pathsep}{os.environ['PATH']}")
    assert (golang.on_path("1.26.0") is not None) is usable


def test_an_unwritable_cache_names_the_variable_that_moves_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")  # a file where a folder must be: refused to root as well
    with pytest.raises(Fault) as fault:
        ensure(["helm"], Paths(tmp_path / "file" / "cache", tmp_path / "state"))
    assert "EMBEDDED_CACHE=" in fault.value.remedy


def test_a_cache_that_becomes_unwritable_names_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> Path:
        raise PermissionError(13, "Permission denied", "/c/tools")

    monkeypatch.setattr(places, "clean_folder", refuse)
    with (
        pytest.raises(Fault, match="/c/tools cannot be written") as fault,
        places.whole(tmp_path / "x", lambda: None),
    ):
        pass
    assert "EMBEDDED_CACHE=" in fault.value.remedy


def test_an_unknown_tool_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="No such tool: kubelett"):
        ensure(["kubelett"], Paths(tmp_path / "cache", tmp_path / "state"))


@pytest.mark.parametrize(
    ("package", "name"), [("a.b/server/v3", "server"), ("a.b/cmd/kubelet", "kubelet"), ("a.b/vault", "vault")]
)
def test_a_binary_s_name_is_the_one_go_gives_it(package: str, name: str) -> None:
    assert executable_name(package) == name


def test_a_package_is_replaced_whole_and_its_neighbours_stay(tmp_path: Path) -> None:
    upstream, work = tmp_path / "upstream", tmp_path / "work"
    for name in ("cloud/one.go", "cloud/two.go", "kept/kept.go", "kept/kept_test.go"):
        (upstream / name).parent.mkdir(parents=True, exist_ok=True)
        (upstream / name).write_text("package upstream\n")
    ours = work / "_instead" / "a.b" / "m" / "cloud" / "none.go"
    ours.parent.mkdir(parents=True)
    ours.write_text("package cloud\n")
    (work / "go.mod").write_text("module x\n")
    trim(work, ["a.b/m"], lambda _: upstream)
    copy = work / "_trimmed" / "a.b_m"
    assert sorted(str(path.relative_to(copy)) for path in copy.rglob("*.go")) == [
        "cloud/none.go",
        "kept/kept.go",
    ]
    assert (work / "go.mod").read_text().endswith("replace a.b/m => ./_trimmed/a.b_m\n")
    assert (upstream / "cloud" / "one.go").exists()


def test_every_replacement_belongs_to_a_module_that_is_trimmed() -> None:
    for build, module in versions.load().modules.items():
        root = places.MODULES / build / "_instead"
        for file in root.rglob("*.go"):
            package = str(file.parent.relative_to(root))
            assert any(package == name or package.startswith(f"{name}/") for name in module.instead), package
