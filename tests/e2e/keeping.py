"""The whole program in a namespace of its own on the running node, with an engine state of its own.

Its settings are those that `make up` generated for the stack `local`, without a door: what is kept is
looked at from inside the cluster.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from embedded import toolchain
from embedded.engine.engine import Engine
from embedded.engine.shell import Shell, environment, write_shell
from embedded.paths import CHECKOUT, Paths
from embedded.providers.install import install
from tests.unit.documents import Document, patched

TOOLS = ("pulumi", "pulumi-language-python", "helm", "kubectl")
STACK = "local"
OURS = "tests/keeping"
"""A label of what a test makes for the whole cluster, with the namespace's name."""
NO_DOOR: Document = {
    "ingress": {
        "controller": "none",
        "host": "keeping.localhost",
        "port": 80,
        "className": None,
        "entryPoint": None,
    },
    "tls": {"source": "none", "termination": "nowhere", "secretName": None},
    "cluster": {"caBundle": None},
    "monitoring": None,
    "protection": None,
}


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    text: str

    @classmethod
    def of(cls, done: subprocess.CompletedProcess[str]) -> Ended:
        return cls(done.returncode, done.stdout, done.stdout + done.stderr)

    @property
    def ok(self) -> bool:
        return self.code == 0


@dataclass(frozen=True)
class Deployment:
    """The program, one stack, one namespace."""

    place: Path
    namespace: str
    tools: dict[str, Path]
    kubeconfig: Path
    base: Document

    @property
    def engine(self) -> Engine:
        """The engine on the program of this checkout, with a state that no `make up` knows."""
        shell = self.shell
        return Engine(STACK, self.tools["pulumi"], CHECKOUT, shell.config_file, environment(shell))

    @property
    def shell(self) -> Shell:
        return Shell(STACK, self.place, self.place / "home", self.kubeconfig, self.tools)

    def begin(self) -> None:
        """Make a state that knows nothing; one that is there is lost."""
        shutil.rmtree(self.place / "backend", ignore_errors=True)
        write_shell(self.shell)
        (self.place / "salt").write_text(self.engine.make_stack())

    def configure(self, patch: Document) -> Document:
        """Write the stack's configuration, and give its settings."""
        settings = patched(patched(self.base, NO_DOOR), {"namespace": {"name": self.namespace}})
        settings = patched(settings, patch)
        config = {"pulumi:disable-default-providers": ["kubernetes"], "jupyterhub:settings": settings}
        text = yaml.safe_dump({"config": config, "encryptionsalt": (self.place / "salt").read_text()})
        self.shell.config_file.write_text(text)
        return settings

    def pulumi(self, *words: str) -> Ended:
        """Run the engine on the program of this checkout."""
        return Ended.of(self.engine.attempt(*words, "--color", "never"))

    def up(self) -> Ended:
        return self.pulumi("up", "--yes", "--skip-preview")

    def adopt(self, *words: str) -> Ended:
        """Run the command that takes back what is there."""
        config = str(self.shell.config_file)
        return self._run(sys.executable, "-m", "ops.adopt", "--stack", STACK, "--config-file", config, *words)

    def grow_homes(self, *words: str) -> Ended:
        """Run the command that lets homes grow, on this stack's own settings."""
        folder = str(self.shell.config_file.parent)
        return self._run(
            sys.executable, "-m", "ops", "grow-homes", STACK, "--json", "--project", folder, *words
        )

    def try_kubectl(self, *words: str) -> Ended:
        """Run kubectl and give how it ended."""
        return self._run(str(self.tools["kubectl"]), "--namespace", self.namespace, *words)

    def kubectl(self, *words: str, check: bool = True) -> str:
        return self._tool("kubectl", *words, check=check)

    def helm(self, *words: str) -> str:
        return self._tool("helm", *words, check=True)

    def _tool(self, name: str, *words: str, check: bool) -> str:
        ended = self._run(str(self.tools[name]), "--namespace", self.namespace, *words)
        assert ended.ok or not check, f"{name} {' '.join(words)}: {ended.text}"
        return ended.out if check else ended.text

    def uid(self, kind: str, name: str) -> str:
        return self.kubectl("get", kind, name, "-o", "jsonpath={.metadata.uid}")

    def known(self) -> dict[str, dict[str, Any]]:
        """Give the resources of the state by their types and names."""
        exported = json.loads(self.pulumi("stack", "export").out)["deployment"].get("resources", [])
        return {one["urn"].split("::", 2)[2].rpartition("$")[2]: one for one in exported}

    def end(self) -> None:
        """Leave nothing in the cluster."""
        self.kubectl(
            "delete", "namespace", self.namespace, "--ignore-not-found", "--timeout=120s", check=False
        )
        sight, gone = f"jupyterhub-nodes-{self.namespace}", ("--ignore-not-found", "--wait=false")
        self.kubectl("delete", "clusterrole,clusterrolebinding", sight, *gone, check=False)
        for kind in ("pv", "storageclass"):
            self.kubectl("delete", kind, "-l", f"{OURS}={self.namespace}", *gone, check=False)

    def _run(self, *command: str) -> Ended:
        env = dict(self.engine.env)
        return Ended.of(
            subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
        )


def deployment(place: Path, namespace: str, paths: Paths) -> Deployment:
    """Make a deployment with the embedded plugins and the facts of the running node."""
    found = toolchain.ensure(TOOLS, paths)
    tools = {name: found.path(name) for name in TOOLS}
    generated = paths.state / "engine" / f"Pulumi.{STACK}.yaml"
    base: Document = yaml.safe_load(generated.read_text())["config"]["jupyterhub:settings"]
    made = Deployment(place, namespace, tools, paths.kubeconfig, base)
    install(place / "home", Path(sys.executable), paths.pki / "ca.crt", tools["helm"])
    made.begin()
    return made
