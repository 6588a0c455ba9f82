"""What several modules of the tools' tests share."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

LOCKED = Path(__file__).resolve().parent / "typescript"


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the locked compiler."""
    npm = shutil.which("npm")
    assert npm, "npm is not on PATH: nothing can be compiled. Install Node.js (any way), then try again."
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(LOCKED / name, folder / name)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    done = subprocess.run(
        [npm, "ci", "--prefix", folder, *quiet], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "node_modules" / ".bin" / "tsc"
