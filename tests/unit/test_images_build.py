"""Builds: only what is missing, nothing half-made, clear words when a step fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.images import Image, build, ensure, locks, python_app
from embedded.images.command import Runner
from embedded.images.layer import pack, plain
from embedded.images.recipe import RECIPES, Architecture, Recipe
from embedded.paths import CHECKOUT, Paths
from embedded.toolchain import debian


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(cache=tmp_path / "cache", state=tmp_path / "state")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stand in for the builder: which images it was asked for."""
    asked: list[list[str]] = []

    def fake(wanted: list[tuple[Recipe, Image]], _folder: Path, _arch: Architecture, _go: Path) -> None:
        asked.append([recipe.name for recipe, _ in wanted])
        for _, image in wanted:
            image.archive.write_bytes(b"archive")

    monkeypatch.setattr(build, "_build_all", fake)
    monkeypatch.setattr(debian, "ensure", lambda _packages, _why: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return asked


def test_what_is_there_is_not_built_again(paths: Paths, built: list[list[str]]) -> None:
    images = ensure(paths, Path("go"))
    assert ensure(paths, Path("go")) == images
    assert built == [[recipe.name for recipe in RECIPES]]
    images["notebook"].archive.unlink()
    ensure(paths, Path("go"))
    assert built[1:] == [["notebook"]]


def test_what_a_killed_build_left_is_neither_used_nor_kept(paths: Paths, built: list[list[str]]) -> None:
    images = ensure(paths, Path("go"))
    whole = images["hub"].archive
    half = whole.with_name(f".{whole.name}.4711")
    whole.rename(half)
    (paths.images / "building-x" / "debian").mkdir(parents=True)
    ensure(paths, Path("go"))
    assert built[1:] == [["hub"]]
    assert not half.exists()
    assert not list(paths.images.glob("building-*"))


def test_images_that_nobody_uses_go_away_and_used_ones_stay(paths: Paths, built: list[list[str]]) -> None:
    images = ensure(paths, Path("go"))
    old, used = paths.images / "hub-abandoned.tar", images["hub"].archive
    old.touch()
    for file in (old, used):
        os.utime(file, (time.time() - 40 * 24 * 3600,) * 2)
    images["pause"].archive.unlink()
    ensure(paths, Path("go"))
    assert not old.exists()
    assert used.exists()
    assert built[1:] == [["pause"]]


def test_without_root_it_says_what_else_there_is(
    paths: Paths, built: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Fault, match="root") as refused:
        ensure(paths, Path("go"))
    assert "KUBECONTEXT" in refused.value.remedy
    assert built == []


def test_a_full_disk_is_a_fault_with_a_way_out(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    paths.images.mkdir(parents=True)
    monkeypatch.setattr(build, "_side_by_side", full)
    with pytest.raises(Fault, match="No space left") as refused:
        build._build_all([], paths.images, Architecture("amd64", "any"), Path("go"))
    assert "EMBEDDED_CACHE" in refused.value.remedy
    assert list(paths.images.iterdir()) == []


def test_a_spoilt_debian_layer_is_thrown_away(tmp_path: Path) -> None:
    kept = tmp_path / "debian.layer"
    kept.write_bytes(b"not a tar at all" * 100)
    assert not build._unpack(kept, tmp_path / "tree", Runner())
    assert not kept.exists()
    assert not (tmp_path / "tree").exists()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").touch()
    pack(tmp_path / "source", kept, plain({}))
    assert build._unpack(kept, tmp_path / "tree", Runner())
    assert (tmp_path / "tree" / "file").exists()


def failing(folder: Path, failures: int) -> list[str]:
    """Return a command that fails so many times, with words on stderr, and then works."""
    program = (
        "import pathlib, sys; tries = pathlib.Path(sys.argv[1]) / 'tries'; "
        "done = len(tries.read_text()) if tries.exists() else 0; tries.write_text('x' * (done + 1)); "
        "sys.exit('mirror unreachable' if done < int(sys.argv[2]) else 0)"
    )
    return [sys.executable, "-S", "-c", program, str(folder), str(failures)]


def test_a_download_is_tried_again(tmp_path: Path) -> None:
    Runner(pauses=(0, 0)).fetch("Downloading", failing(tmp_path, 2))
    assert (tmp_path / "tries").read_text() == "xxx"


def test_a_download_that_never_works_ends_with_the_tools_own_words(tmp_path: Path) -> None:
    runner = Runner(pauses=(0, 0))
    with pytest.raises(Fault, match="mirror unreachable") as failed:
        runner.fetch("Downloading wheels", failing(tmp_path, 9))
    assert "Downloading wheels failed (3 tries)" in failed.value.what
    assert (tmp_path / "tries").read_text() == "xxx"


def test_each_try_starts_without_what_the_last_one_left(tmp_path: Path) -> None:
    target = tmp_path / "target"
    refuse = "import pathlib, sys; pathlib.Path(sys.argv[1]).mkdir(); sys.exit('half way')"
    with pytest.raises(Fault, match="half way"):
        Runner(pauses=(0,)).fetch(
            "Unpacking", [sys.executable, "-S", "-c", refuse, str(target)], fresh=target
        )


def test_commands_end_with_the_build_however_it_ends(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    inner = f"import os, time; open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    outer = (
        "import sys; from embedded.images.command import Runner; "
        "Runner().run('Sleeping', [sys.executable, '-S', '-c', sys.argv[1]])"
    )
    build_process = subprocess.Popen([sys.executable, "-c", outer, inner], cwd=CHECKOUT)
    assert eventually(lambda: started.exists() and bool(started.read_text()))
    build_process.kill()
    build_process.wait()
    child = Path("/proc") / started.read_text()
    assert eventually(lambda: not child.exists() or "State:\tZ" in (child / "status").read_text())


def eventually(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_once_one_download_gave_up_the_others_do_not_wait(tmp_path: Path) -> None:
    runner = Runner(pauses=(60,))
    runner.stopped.set()
    with pytest.raises(Fault):
        runner.fetch("Downloading", failing(tmp_path, 9))
    assert (tmp_path / "tries").read_text() == "x"


def test_a_local_step_is_tried_once(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="mirror unreachable"):
        Runner(pauses=(0,)).run("Compiling", failing(tmp_path, 9))
    assert (tmp_path / "tries").read_text() == "x"


def test_a_missing_tool_is_named() -> None:
    with pytest.raises(Fault, match="no-such-tool"):
        Runner(pauses=()).fetch("Unpacking", ["/no-such-tool"])


def test_wheels_become_a_virtual_environment_of_the_image(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    meta = wheels / "tool-1.dist-info"
    for name in (
        "bin/tool",
        "share/tool/data",
        "tool.py",
        "numpy/tests/test_x.py",
        "tool-1.dist-info/METADATA",
    ):
        (wheels / name).parent.mkdir(parents=True, exist_ok=True)
        (wheels / name).write_text("Name: tool\nVersion: 1\n")
    (meta / "entry_points.txt").write_text("[console_scripts]\ntool = tool.main:App.launch\n")
    prefix = tmp_path / "tree/opt/app"
    python_app.lay_out(prefix, wheels, "/opt/app")
    assert (prefix / "bin/tool").read_text() == (
        "#!/opt/app/bin/python3\nimport sys\nfrom tool.main import App\nsys.exit(App.launch())\n"
    )
    assert (prefix / "bin/tool").stat().st_mode & 0o111
    assert (prefix / "bin/python3").readlink() == Path("/usr/bin/python3")
    assert (prefix / "share/tool/data").exists()
    site = prefix / "lib/python3.11/site-packages"
    assert (site / "tool.py").exists()
    assert not (site / "numpy/tests").exists()
    assert not (site / "bin").exists()


def test_the_npm_lock_loses_addresses_and_keeps_hashes(tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    lock.write_text(
        '{"packages": {"a": {"integrity": "sha512-1", "resolved": "https://a", "funding": {"url": "https://b"}}}}'
    )
    locks._without_addresses(lock)
    assert "https" not in lock.read_text()
    assert "sha512-1" in lock.read_text()
    assert "funding" not in lock.read_text()
