"""The real engine with the embedded providers, on small programs against the running API server."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded import toolchain
from embedded.engine.engine import Engine
from embedded.engine.shell import Shell, environment, write_shell
from embedded.paths import Paths
from embedded.providers.install import install

TOOLS = ("pulumi", "pulumi-language-python", "helm", "kubectl")
STACK = "test"
HEAD = """
import pulumi
import pulumi_kubernetes as k
import pulumi_random as random

provider = k.Provider("cluster", kubeconfig={kubeconfig!r}, context="embedded", cluster_identifier="embedded",
    enable_secret_mutable=True, enable_config_map_mutable=True)
opts = pulumi.ResourceOptions(provider=provider)
namespace = k.core.v1.Namespace("ns", metadata={{"name": {namespace!r}}}, opts=opts)
here = namespace.metadata["name"]
"""


@dataclass(frozen=True)
class Run:
    """What a command of the engine printed, and whether it went well."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Stack:
    """One program with one stack and one namespace of its own."""

    place: Path
    namespace: str
    kubeconfig: Path
    tools: dict[str, Path]

    @property
    def engine(self) -> Engine:
        """The engine with nothing of the user's own Pulumi, and no state of `make up`."""
        shell = self.shell
        return Engine(STACK, self.tools["pulumi"], self.place, shell.config_file, environment(shell))

    @property
    def shell(self) -> Shell:
        """Where the parts of this engine are."""
        return Shell(STACK, self.place, self.place / "home", self.kubeconfig, self.tools)

    def write(self, program: str, *, kubeconfig: Path | None = None) -> None:
        """Write the program; it finds `opts`, `here`, `k`, `random` and `pulumi` ready."""
        head = HEAD.format(kubeconfig=str(kubeconfig or self.kubeconfig), namespace=self.namespace)
        (self.place / "__main__.py").write_text(head + textwrap.dedent(program))

    def run(self, *words: str) -> Run:
        """Run a command of the engine."""
        ended = self.engine.attempt(*words, "--color", "never")
        return Run(ended.returncode == 0, ended.stdout + ended.stderr)

    def up(self, program: str | None = None) -> Run:
        """Bring the cluster to the program."""
        if program is not None:
            self.write(program)
        return self.run("up", "--yes", "--skip-preview")

    def rests(self) -> Run:
        """Look whether a preview finds nothing to do."""
        return self.run("preview", "--expect-no-changes", "--diff")

    def refresh(self) -> Run:
        """Let the engine look at the cluster."""
        return self.run("refresh", "--yes", "--skip-preview")

    def kubectl(self, *words: str, check: bool = True) -> str:
        """Run kubectl in the namespace."""
        return self._tool("kubectl", *words, check=check)

    def helm(self, *words: str) -> str:
        """Run helm in the namespace."""
        return self._tool("helm", *words, check=True)

    def _tool(self, name: str, *words: str, check: bool) -> str:
        command = [str(self.tools[name]), "--namespace", self.namespace, *words]
        env = dict(self.engine.env)
        ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
        if check and ended.returncode:
            raise AssertionError(f"{' '.join(command)}: {ended.stderr}")
        return ended.stdout if check else ended.stdout + ended.stderr

    def live(self, kind: str, name: str) -> dict[str, Any]:
        """Read an object."""
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json"))
        return found

    def export(self) -> str:
        """Return the state as it lies in the backend."""
        return self.run("stack", "export").text

    def resource(self, type_: str) -> dict[str, Any]:
        """Return the one resource of a type in the state."""
        (found,) = (one for one in self._resources() if one["type"] == type_)
        return found

    def _resources(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.export())["deployment"].get("resources", [])
        return found

    def count(self) -> int:
        """Count the resources of the state, without the stack and the provider."""
        return sum(not one["type"].startswith("pulumi:") for one in self._resources())

    def end(self) -> None:
        """Leave nothing in the cluster."""
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false", check=False)


def new(place: Path, namespace: str, paths: Paths) -> Stack:
    """Make a stack with the embedded plugins for the cluster of this machine."""
    found = toolchain.ensure(TOOLS, paths)
    tools = {name: found.path(name) for name in TOOLS}
    stack = Stack(place, namespace, paths.kubeconfig, tools)
    (place / "Pulumi.yaml").write_text("name: providers\nruntime:\n  name: python\n")
    stack.write("")
    install(place / "home", Path(sys.executable), paths.pki / "ca.crt", tools["helm"])
    write_shell(stack.shell)
    stack.shell.config_file.write_text(f"encryptionsalt: {stack.engine.make_stack()}\n")
    return stack
