"""A JupyterHub that `make up` brought up, and the tools of `make env` to look at it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from embedded.engine.engine import Engine
from embedded.engine.shell import environment
from embedded.node import ownership
from embedded.node.layout import layout
from embedded.paths import CHECKOUT, find
from embedded.report import remembered
from embedded.stacks import LOCAL

NAMESPACE = "jupyterhub"


@dataclass(frozen=True)
class Hub:
    """Where it is, how to sign in, and the shell that reaches its cluster."""

    stack: str
    outputs: Mapping[str, Any]
    authority: Path
    engine: Engine

    @classmethod
    def of_this_machine(cls, stack: str = LOCAL) -> Hub:
        """Read it from what the last `make up` left."""
        engine = engine_of_this_machine(stack)
        outputs = json.loads(engine.read("stack", "output", "--json", "--show-secrets"))
        return cls(
            stack=stack,
            outputs=outputs,
            authority=find().pki / "ingress-ca.crt",
            engine=engine,
        )

    @property
    def url(self) -> str:
        """The address that people type."""
        return str(self.outputs["url"])

    @property
    def password(self) -> str:
        """The password that all testers share."""
        return str(self.outputs["password"])

    @property
    def namespace(self) -> str:
        """The namespace of the release."""
        return str(self.outputs["namespace"])

    @property
    def port(self) -> int:
        """The port of the address."""
        return urlsplit(self.url).port or 443

    def kubectl(self, *args: str, check: bool = True) -> str:
        """Run kubectl in the hub's namespace and return what it printed."""
        return tool(self.engine.env, "kubectl", "--namespace", self.namespace, *args, check=check)

    def helm(self, *args: str) -> str:
        """Run helm in the hub's namespace and return what it printed."""
        return tool(self.engine.env, "helm", "--namespace", self.namespace, *args)

    def state(self) -> dict[str, Any]:
        """Return the stack's state, secrets encrypted as they lie in the backend."""
        exported: dict[str, Any] = json.loads(self.engine.read("stack", "export"))
        return exported


def engine_of_this_machine(stack: str = LOCAL) -> Engine:
    """Return the engine that the last `make up` of a stack used."""
    shell = remembered(find(), stack)
    return Engine(stack, shell.tools["pulumi"], CHECKOUT, shell.config_file, environment(shell))


def https_port() -> int:
    """The port of this machine at which the node's ingress controller listens."""
    owner = ownership.read(layout(find()))
    assert owner, "the node was never started"
    return owner.options.https_port


def tool(env: Mapping[str, str], *command: str, check: bool = True, given: str | None = None) -> str:
    """Run a tool of the shell; a failure shows what it said."""
    done = subprocess.run(command, env=dict(env), check=False, capture_output=True, text=True, input=given)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def make(target: str, cwd: Path = CHECKOUT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `make target` as a person would."""
    return subprocess.run(
        ["make", "--silent", "-C", str(cwd), target],
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        text=True,
    )
