"""Runs tests/hub beside the packages of the hub image: installed from its lock, thrown away afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sysconfig
import tarfile
import warnings
from pathlib import Path

from chart.catalogue import make
from tests.e2e.browser import CHROMIUM
from tests.unit.documents import PROJECT

# The hub's packages first, then ours for pytest: what both have is the hub's. Hubs mostly wait, and those of
# one file are shared by its tests.
RUN = """
import sys
sys.path.append({ours!r})
import pytest
alike = ["-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider", "-o", "filterwarnings=default"]
sys.exit(pytest.main(["-q", *alike, {tests!r}]))
"""
# What looks for barriers in the hub's pages, as npm has it.
AXE = "axe-core@4.14.1"
AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"


def axe_core(folder: Path) -> Path | None:
    """Fetch axe-core by its exact content; None where no npm would fetch it, or no browser run it."""
    if not (shutil.which("npm") and Path(CHROMIUM).exists()):
        return None
    folder.mkdir()
    packed = subprocess.run(
        ["npm", "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, check=True
    )
    archive = folder / packed.stdout.strip()
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == AXE_SHA256
    with tarfile.open(archive) as whole:
        whole.extract("package/axe.min.js", folder, filter="data")
    return folder / "package" / "axe.min.js"


def test_what_only_the_hubs_own_packages_can_tell(tmp_path: Path) -> None:
    lock = PROJECT / "images" / "hub" / "requirements.txt"
    python = make.installed(lock, tmp_path / "hub")
    code = RUN.format(ours=sysconfig.get_path("purelib"), tests=str(PROJECT / "tests" / "hub"))
    env = dict(os.environ)
    if axe := axe_core(tmp_path / "axe"):
        env["AXE_CORE"] = str(axe)
    else:
        warnings.warn("tests/hub/test_pages_axe.py did not run: it needs npm and Chromium", stacklevel=1)
    ran = subprocess.run(
        [python, "-c", code], cwd=PROJECT, env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert "passed" in ran.stdout
    assert "skipped" not in ran.stdout
