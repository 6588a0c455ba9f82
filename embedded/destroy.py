"""`make destroy`: take one stack off the node of this machine, with everything that it keeps elsewhere.

The committed stacks protect and retain what holds data. The node is thrown away, so its homes may be: the
protection is lifted in the state of this machine alone, and what Pulumi leaves behind is removed after it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import typer

from embedded import report, stacks, world
from embedded.console import say
from embedded.engine.engine import Engine
from embedded.engine.repair import kubectl_kind, repair
from embedded.engine.shell import Shell, environment
from embedded.fault import Fault
from embedded.paths import CHECKOUT, Paths
from embedded.target import engine_home

NAMESPACE = kubectl_kind("kubernetes:core/v1:Namespace")


def destroy(paths: Paths, env: Mapping[str, str], *, sure: bool) -> None:
    """Take the stack away, after a question."""
    stack = stacks.chosen(env)
    shell = report.remembered(paths, stack)
    if shell.home != engine_home(paths):
        raise Fault(
            f"The stack {stack} was brought up on a cluster that KUBECONTEXT named.",
            "Nothing was removed: its homes may be somebody's work.",
            f'eval "$(make -s env STACK={stack})"; pulumi destroy',
        )
    _ask(stack, sure=sure)
    engine = Engine(stack, shell.tools["pulumi"], CHECKOUT, shell.config_file, environment(shell))
    namespace = stacks.namespace_of(stacks.read(shell.config_file))
    repair(engine, namespace, shell.tools["helm"], shell.tools["kubectl"])
    retained = _retained(json.loads(engine.read("stack", "export")))
    engine.read("state", "unprotect", "--all", "--yes")
    if engine.run("destroy", "--yes", "--skip-preview"):
        raise Fault(
            f"`pulumi destroy --stack {stack}` failed; what it said is above.",
            "What it removed is gone, the rest stays.",
            f"make destroy STACK={stack}",
        )
    _remove(shell, namespace, retained)
    engine.forget()
    world.stop(paths, stack)
    report.forget(paths, stack)
    say(f"The stack {stack} is gone, with its homes. `make up STACK={stack}` begins anew.")


def _ask(stack: str, *, sure: bool) -> None:
    if sure:
        return
    if not sys.stdin.isatty():
        raise Fault(
            f"make destroy removes all homes of the stack {stack}, and nobody is here to be asked.",
            "Nothing was removed.",
            f"YES=1 make destroy STACK={stack}",
        )
    typer.confirm(f"Remove the stack {stack} with all its homes?", abort=True)


def _retained(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give kind and id of what the stack leaves behind: first the namespace, which takes most along."""
    found = [
        (kubectl_kind(resource["type"]), str(resource["id"]))
        for resource in (state.get("deployment") or {}).get("resources") or []
        if resource.get("retainOnDelete") and resource["type"].startswith("kubernetes:")
    ]
    return sorted(found, key=lambda one: one[0] != NAMESPACE)


def _remove(shell: Shell, namespace: str, retained: list[tuple[str, str]]) -> None:
    """Remove what was retained; users' servers first, since a claim waits for the pods that mount it."""
    servers = ("pods", "--selector", "component=singleuser-server", "--namespace", namespace)
    _delete(shell, *servers, "--grace-period", "1")
    for kind, identity in retained:
        where, _, name = identity.rpartition("/")
        _delete(shell, kind, name, *(("--namespace", where) if where else ()))


def _delete(shell: Shell, *what: str) -> None:
    command = [str(shell.tools["kubectl"]), "delete", *what, "--ignore-not-found", "--wait"]
    done = subprocess.run(command, env=environment(shell), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Fault(
            f"`kubectl delete {' '.join(what)}` failed: {done.stderr.strip()}",
            "The next `make up` of the stack would stumble over what stays.",
            f'eval "$(make -s env STACK={shell.stack})", and the command above',
        )
