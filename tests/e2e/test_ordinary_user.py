"""Without root: the control plane, all objects of the stack, and a plain sentence that no pod runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded.paths import CHECKOUT, find

pytestmark = pytest.mark.node

NOBODY = 65534
PORT = "16443"


def theirs() -> dict[str, str]:
    """Root's environment without root's home and caches, and without what make and Python add to it."""
    mine = str(Path.home())
    env = {
        name: value
        for name, value in os.environ.items()
        if not value.startswith(mine) and "CACHE" not in name.upper() and not name.startswith("EMBEDDED_")
    }
    env["PATH"] = os.pathsep.join(
        place for place in os.environ["PATH"].split(os.pathsep) if not place.startswith((mine, str(CHECKOUT)))
    )
    for name in ("GOPATH", "PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        env.pop(name, None)
    return env


@dataclass(frozen=True)
class User:
    """Somebody with a home, a fresh checkout, and tools that were built before."""

    home: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout as this user."""
        return subprocess.run(
            command,
            cwd=self.home / "checkout",
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env={**theirs(), "HOME": str(self.home), "API_PORT": PORT, "YES": "1"},
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    # Below /tmp, since pytest's own folders are closed to others.
    home = Path("/tmp") / f"ordinary-user-{os.getpid()}"  # noqa: S108 -- made anew, and removed
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", CHECKOUT, home / "checkout"], check=True)
    shutil.copytree(find().tools, home / ".cache" / "jupyterhub-embedded" / "tools", symlinks=True)
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", home], check=True)
    somebody = User(home)
    try:
        yield somebody
    finally:
        somebody.run("make", "clean")
        shutil.rmtree(home)


def test_an_ordinary_user_gets_every_object_and_a_word_that_no_pod_runs(user: User) -> None:
    done = user.run("make", "up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No pod will run here" in done.stdout
    assert "root" in done.stdout
    assert "KUBECONTEXT" in done.stdout

    shell = 'eval "$(make -s env)"; kubectl -n jupyterhub get deployment,claim,ingress -o name'
    found = user.run("sh", "-c", shell.replace("claim", "persistentvolumeclaim"))
    assert "deployment.apps/hub" in found.stdout, found.stderr
    assert "ingress.networking.k8s.io/jupyterhub" in found.stdout
    at_rest = user.run("sh", "-c", 'eval "$(make -s env)"; pulumi preview --stack local --expect-no-changes')
    assert at_rest.returncode == 0, at_rest.stdout + at_rest.stderr

    gone = user.run("make", "clean")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert not (user.home / ".local" / "state" / "jupyterhub-embedded" / "etcd").exists()
