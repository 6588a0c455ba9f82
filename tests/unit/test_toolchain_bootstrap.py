"""embedded/bootstrap: quick when nothing changed, and plain sentences where it cannot go on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from embedded.paths import CHECKOUT

USUAL = ("dirname", "cat", "cmp", "id", "rm", "mv", "sleep", "tail", "mktemp")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with locks of its own, and a PATH with the usual commands but no Python."""
    place = tmp_path / "a checkout"
    (place / "embedded").mkdir(parents=True)
    (place / "requirements").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(CHECKOUT / "embedded" / "bootstrap", place / "embedded")
    (place / "requirements" / "bootstrap.txt").write_text("uv==1\n")
    (place / "requirements" / "dev.txt").write_text("a==1\n")
    for name in USUAL:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return place


def script(checkout: Path, name: str, body: str) -> None:
    file = checkout.parent / "bin" / name
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def run(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(checkout / "embedded" / "bootstrap")],
        cwd="/",
        env={"PATH": str(checkout.parent / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def install(checkout: Path) -> Path:
    venv = checkout / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text("#!/bin/sh\n")
    (venv / "bin" / "python").chmod(0o755)
    (venv / ".installed").write_text("uv==1\na==1\n")
    return venv


def test_nothing_is_done_when_the_locks_are_those_installed(checkout: Path) -> None:
    install(checkout)
    done = run(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("lock", ["bootstrap.txt", "dev.txt"])
def test_a_changed_lock_is_noticed(checkout: Path, lock: str) -> None:
    install(checkout)
    (checkout / "requirements" / lock).write_text("b==2\n")
    assert run(checkout).returncode == 1  # it goes on, and finds no Python


def test_a_venv_whose_python_is_gone_is_noticed(checkout: Path) -> None:
    (install(checkout) / "bin" / "python").unlink()
    assert run(checkout).returncode == 1


@pytest.mark.parametrize(
    ("body", "has"), [("", "no python3"), ("[ $1 = -c ] && exit 1; echo Python 3.9.2", "Python 3.9.2")]
)
def test_no_python_that_is_new_enough_is_told_plainly(checkout: Path, body: str, has: str) -> None:
    if body:
        script(checkout, "python3", body)
    done = run(checkout)
    assert done.returncode == 1
    assert f"Python 3.11 or newer is needed; this machine has {has}." in done.stderr
    assert "What to do:" in done.stderr


def test_a_newer_python_beside_an_old_one_is_taken(checkout: Path) -> None:
    script(checkout, "python3", "exit 1")
    script(checkout, "python3.12", "[ $2 = venv ] || exit 0; echo taken; exit 1")
    assert "taken" in run(checkout).stdout


def test_a_python_without_ensurepip_asks_an_ordinary_user_for_the_package(checkout: Path) -> None:
    script(
        checkout,
        "python3",
        'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.11-venv;; esac; exit 0',
    )
    script(checkout, "id", "echo 1000")
    done = run(checkout)
    assert done.returncode == 1
    assert "sudo apt-get install python3.11-venv" in done.stderr
    assert not (checkout / ".venv").exists()
