"""`ops smoke`, `ops why` and `ops break-glass` on the node, each by an identity with its own Role alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from embedded.node import kubeconfig, pki
from embedded.paths import CHECKOUT, Paths, find
from ops.errand_rights import Errand
from tests.e2e.hub import Hub
from tests.e2e.smoke_faults import variables

pytestmark = pytest.mark.node

ERRANDS = (Errand.SMOKE, Errand.WHY, Errand.BREAK_GLASS)
# What no Role of a namespace can give.
OF_THE_CLUSTER = {"ingressclasses", "namespaces", "nodes", "storageclasses"}


@dataclass(frozen=True)
class Operators:
    """Identities of the stack's namespace, one for each errand."""

    folder: Path
    server: str

    def environment(self, errand: Errand) -> dict[str, str]:
        """Give what `make env` sets, in the hands of one identity."""
        return {**os.environ, **variables(), "KUBECONFIG": str(self.folder / f"{errand}.yaml")}

    def ran(self, errand: Errand, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ops."""
        return subprocess.run(
            [CHECKOUT / "bin" / "ops", *words],
            env=self.environment(errand),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def admit(self, errand: Errand, paths: Paths, namespace: str) -> None:
        """Give the identity a certificate; to the API server it is the service account."""
        place = self.folder / errand
        place.mkdir()
        shutil.copy(paths.pki / "ca.crt", place)
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        user = f"system:serviceaccount:{namespace}:jupyterhub-{errand}"
        pki.leaf_certificate(place, pki.pair(paths.pki, "ca"), pki.Leaf("operator", user, groups))
        rendered = kubeconfig.render(self.server, place, "operator")
        (self.folder / f"{errand}.yaml").write_text(yaml.safe_dump(rendered))


def printed(errand: Errand) -> str:
    command = [sys.executable, "-m", "ops", "rights", "--stack", "local", "--for", errand]
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operators]:
    hub, paths = Hub.of_this_machine(), find()
    folder = tmp_path_factory.mktemp("operators")
    owner = yaml.safe_load(Path(variables()["KUBECONFIG"]).read_text())
    made = Operators(folder, owner["clusters"][0]["cluster"]["server"])
    manifests = folder / "rights.yaml"
    manifests.write_text("---\n".join(map(printed, ERRANDS)))
    hub.kubectl("apply", "-f", str(manifests))
    try:
        for errand in ERRANDS:
            made.admit(errand, paths, "jupyterhub")
        yield made
    finally:
        hub.kubectl("delete", "-f", str(manifests))


def test_a_hub_is_tried_with_the_role_for_it(operators: Operators) -> None:
    ended = operators.ran(Errand.SMOKE, "smoke", "local", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "orbidden" not in ended.stdout + ended.stderr


def test_a_hub_is_looked_into_with_the_role_for_it(operators: Operators) -> None:
    ended = operators.ran(Errand.WHY, "why", "local", "--json")
    assert ended.returncode in {0, 1}, ended.stderr
    unseen = {one["what"] for one in json.loads(ended.stdout)["notLooked"]}
    assert unseen <= OF_THE_CLUSTER


def test_the_glass_is_broken_with_the_role_for_it_and_no_other(operators: Operators) -> None:
    ended = operators.ran(Errand.BREAK_GLASS, "break-glass", "local", "--list")
    assert (ended.returncode, ended.stdout) == (0, "There is none.\n"), ended.stderr
    refused = operators.ran(Errand.SMOKE, "break-glass", "local", "--list")
    assert refused.returncode == 2
    assert "pods/exec" in refused.stderr
