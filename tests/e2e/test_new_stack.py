"""A stack that nobody wrote down: `ops new-stack` makes it, and it is previewed on the node as it is.

The node belongs to this checkout, and so do its stack files: the new one comes to a copy that lies in the
checkout's place for the commands of these tests alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from embedded.paths import CHECKOUT
from embedded.stacks import committed, namespace_of

pytestmark = pytest.mark.node

IN_PLACE = """\
mount --bind "$1/.venv" "$0/.venv" && mount --rbind "$0" "$1" && cd "$1" && shift && exec "$@"
"""
NAME = "made-on-the-node"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout that uses the checkout's Python."""
    place = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(CHECKOUT, place, ignore=shutil.ignore_patterns(".*", "__pycache__", "artifacts"))
    (place / ".venv").mkdir()
    return place


def run(copy: Path, *command: str) -> str:
    """Run a command where the copy lies in the checkout's place, which nobody else sees."""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", IN_PLACE, str(copy), str(CHECKOUT), *command],
        env={**os.environ, "TERM": "dumb"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("like", ["iav-test", "aiv-prod", "lab"])
def test_a_new_stack_is_previewed_on_the_node_with_no_other_edit(like: str, copy: Path) -> None:
    stack = f"{NAME}-{like}"
    run(copy, "bin/ops", "new-stack", stack, "--like", like, "--no-golden")
    seen = run(copy, "make", "--silent", "preview", f"STACK={stack}")
    assert f'"jupyterhub-{stack}"' in seen
    assert f'"{namespace_of(committed(like))}"' not in seen
    assert "to create" in seen
    assert not (CHECKOUT / f"Pulumi.{stack}.yaml").exists()
