"""What starts a user's server: nothing changes in an ordinary home, and a full one is written to no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "files" / "server" / "start.sh"
MOVED = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "HISTFILE", "HOME_IS_FULL")
TOLD = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))"


def started(home: Path, scratch: Path, *args: str, path: str = "/usr/bin:/bin") -> tuple[dict[str, str], str]:
    """Give the server's environment, and what the pod's log says."""
    done = subprocess.run(
        ["sh", str(SCRIPT), str(scratch), sys.executable, "-c", TOLD, *args],
        env={"HOME": str(home), "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    env, given = json.loads(done.stdout)
    assert given == list(args), "the server's own arguments"
    return env, done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    (made / ".jupyter" / "lab").mkdir(parents=True)
    (made / ".jupyter" / "lab" / "settings.json").write_text("dark")
    (made / ".ipython" / "profile_default" / "startup").mkdir(parents=True)
    (made / ".ipython" / "profile_default" / "ipython_config.py").write_text("own = 1")
    (made / ".ipython" / "profile_default" / "history.sqlite").write_text("large")
    return made


@pytest.fixture
def full(home: Path, tmp_path: Path) -> str:
    """A PATH on which nothing can be written into the home: as on a full volume, also for root."""
    tools = tmp_path / "tools"
    tools.mkdir()
    refusing = f'#!/bin/sh\ncase "$*" in *{home}/.room*) exit 1;; esac\nexec /bin/mkdir "$@"\n'
    (tools / "mkdir").write_text(refusing)
    (tools / "mkdir").chmod(0o755)
    return f"{tools}:/usr/bin:/bin"


def test_an_ordinary_home_is_used_as_ever(home: Path, tmp_path: Path) -> None:
    before = sorted(home.rglob("*"))
    env, said = started(home, tmp_path / "scratch", "--port", "1")
    assert not set(MOVED) & set(env)
    assert env["JUPYTER_RUNTIME_DIR"] == str(tmp_path / "scratch" / "runtime")
    assert said == ""
    assert sorted(home.rglob("*")) == before, "the attempt to write leaves nothing"


def test_a_full_home_is_read_and_no_more_written(home: Path, tmp_path: Path, full: str) -> None:
    scratch = tmp_path / "scratch"
    env, said = started(home, scratch, path=full)
    assert set(MOVED) <= set(env)
    assert all(env[name].startswith(str(scratch)) for name in MOVED if name != "HOME_IS_FULL")
    assert (scratch / "config" / "lab" / "settings.json").read_text() == "dark"
    assert (scratch / "ipython" / "profile_default" / "ipython_config.py").exists()
    assert not list(scratch.rglob("history.sqlite")), "a history may be larger than the place"
    assert env["JUPYTER_PATH"] == str(home / ".local" / "share" / "jupyter"), "people's own kernels"
    assert "delete something" in said


def test_a_home_that_cannot_be_written_at_all_counts_as_full(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    env, said = started(file / "home", tmp_path / "scratch")
    assert env["HOME_IS_FULL"] == "1"
    assert "takes no more files" in said
