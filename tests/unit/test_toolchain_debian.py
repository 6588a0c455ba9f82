"""Debian packages: only what is missing, only as root, lists only when they are needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.toolchain import debian


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian whose commands are scripts that write down how they were called; `there` is installed."""
    scripts = {
        "dpkg-query": "echo 'there installed'; echo 'removed config-files'; exit 1",
        "apt-cache": f"[ -e {tmp_path}/known ]",
        "apt-get": f'echo "$@" >> {tmp_path}/calls; case "$*" in *install*) {{ [ ! -e {tmp_path}/broken ] '
        "|| { echo 'E: Unable to fetch some archives' >&2; exit 100; }; } ;; esac",
    }
    for name, body in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "calls").touch()
    (tmp_path / "x_Packages.lz4").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(debian, "RELEASE", tmp_path / "calls")
    monkeypatch.setattr(debian, "LISTS", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def calls(machine: Path) -> list[str]:
    return [
        next(word for word in line.split() if word in ("update", "install"))
        for line in (machine / "calls").read_text().splitlines()
    ]


def test_what_is_installed_is_left_alone(machine: Path) -> None:
    debian.ensure(["there"], "to run pods")
    assert calls(machine) == []


def test_a_removed_package_with_settings_left_counts_as_missing(machine: Path) -> None:
    assert debian.missing(["removed", "there", "never"]) == ["never", "removed"]


def test_known_packages_are_installed_without_an_update(machine: Path) -> None:
    (machine / "known").touch()
    debian.ensure(["there", "nftables"], "to run pods")
    assert calls(machine) == ["install"]
    words = (machine / "calls").read_text().split()
    assert "nftables" in words
    assert "there" not in words


def test_lists_are_fetched_when_they_do_not_know_the_package(machine: Path) -> None:
    debian.ensure(["nftables"], "to run pods")
    assert calls(machine) == ["update", "install"]


def test_old_lists_are_fetched_anew_once_and_then_it_is_a_fault(machine: Path) -> None:
    (machine / "known").touch()
    (machine / "broken").touch()
    with pytest.raises(Fault, match="Unable to fetch some archives") as fault:
        debian.ensure(["nftables"], "to run pods")
    assert calls(machine) == ["install", "update", "install"]
    assert "nftables" in fault.value.follows


def test_without_root_the_missing_ones_are_named_and_nothing_is_run(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Fault, match=r"Not installed: nftables, |Not installed: nftables runc") as fault:
        debian.ensure(["there", "runc", "nftables"], "to run pods")
    assert "sudo apt-get install nftables runc" in fault.value.remedy
    assert calls(machine) == []


def test_another_distribution_is_told_plainly(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "RELEASE", machine / "none")
    with pytest.raises(Fault, match="not a Debian") as fault:
        debian.ensure(["nftables"], "to run pods")
    assert "KUBECONTEXT" in fault.value.remedy
