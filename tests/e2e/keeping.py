"""The whole program in a namespace of its own on the running node, with an engine state of its own.

Its settings are those that `make up` generated for the stack `local`, without a door: what is kept is
looked at from inside the cluster.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from embedded import toolchain
from embedded.paths import CHECKOUT, Paths
from embedded.providers.install import install
from tests.unit.documents import Document, patched

TOOLS = ("pulumi", "pulumi-language-python", "helm", "kubectl")
STACK = "local"
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
    def env(self) -> dict[str, str]:
        """The engine's whole environment: nothing of the user's own Pulumi, no state of `make up`."""
        folders = [
            self.place / "bin",
            Path(sys.executable).parent,
            *(tool.parent for tool in self.tools.values()),
        ]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        return {
            **kept,
            "PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]]),
            "VIRTUAL_ENV": str(Path(sys.executable).parent.parent),
            "KUBECONFIG": str(self.kubeconfig),
            "PULUMI_HOME": str(self.place / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.place / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    @property
    def config_file(self) -> Path:
        return self.place / f"Pulumi.{STACK}.yaml"

    def begin(self) -> None:
        """Make a state that knows nothing; one that is there is lost."""
        shutil.rmtree(self.place / "backend", ignore_errors=True)
        (self.place / "backend").mkdir(parents=True)
        scratch = self.place / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        shutil.copy(CHECKOUT / "Pulumi.yaml", scratch)
        made = self._run([str(self.tools["pulumi"]), "stack", "init", STACK], scratch)
        assert made.ok, made.text
        salt = yaml.safe_load((scratch / f"Pulumi.{STACK}.yaml").read_text())["encryptionsalt"]
        (self.place / "salt").write_text(salt)

    def configure(self, patch: Document) -> Document:
        """Write the stack's configuration, and give its settings."""
        settings = patched(patched(self.base, NO_DOOR), {"namespace": {"name": self.namespace}})
        settings = patched(settings, patch)
        config = {"pulumi:disable-default-providers": ["kubernetes"], "jupyterhub:settings": settings}
        text = yaml.safe_dump({"config": config, "encryptionsalt": (self.place / "salt").read_text()})
        self.config_file.write_text(text)
        return settings

    def pulumi(self, *words: str) -> Ended:
        """Run the engine on the program of this checkout."""
        more = ["--stack", STACK, "--non-interactive", "--color", "never"]
        if words[0] in {"up", "preview", "destroy", "refresh", "import"}:
            more += ["--config-file", str(self.config_file)]
        return self._run([str(self.tools["pulumi"]), *words, *more], CHECKOUT)

    def up(self) -> Ended:
        return self.pulumi("up", "--yes", "--skip-preview")

    def adopt(self, *words: str) -> Ended:
        """Run the command that takes back what is there."""
        command = [
            sys.executable,
            "-m",
            "ops.adopt",
            "--stack",
            STACK,
            "--config-file",
            str(self.config_file),
        ]
        return self._run([*command, *words], CHECKOUT)

    def kubectl(self, *words: str, check: bool = True) -> str:
        return self._tool("kubectl", *words, check=check)

    def helm(self, *words: str) -> str:
        return self._tool("helm", *words, check=True)

    def _tool(self, name: str, *words: str, check: bool) -> str:
        ended = self._run([str(self.tools[name]), "--namespace", self.namespace, *words], CHECKOUT)
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

    def _run(self, command: list[str], cwd: Path) -> Ended:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
            stdin=subprocess.DEVNULL,
        )
        return Ended(done.returncode, done.stdout, done.stdout + done.stderr)


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
