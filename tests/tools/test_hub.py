"""Runs tests/hub beside the packages of the hub image: installed from its lock, thrown away afterwards."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

from chart.catalogue import make
from tests.unit.documents import PROJECT

# The hub's packages first, then ours for pytest: what both have is the hub's.
RUN = """
import sys
sys.path.append({ours!r})
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-o", "filterwarnings=default", {tests!r}]))
"""


def test_what_only_the_hubs_own_packages_can_tell(tmp_path: Path) -> None:
    lock = PROJECT / "images" / "hub" / "requirements.txt"
    python = make.installed(lock, tmp_path / "hub")
    code = RUN.format(ours=sysconfig.get_path("purelib"), tests=str(PROJECT / "tests" / "hub"))
    ran = subprocess.run([python, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert "passed" in ran.stdout
    assert "skipped" not in ran.stdout
