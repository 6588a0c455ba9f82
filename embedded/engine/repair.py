"""What a killed run leaves behind, and how the next run gets free of it.

A `pulumi up` that dies by SIGKILL leaves three things: its lock in the file backend, a Helm
release in a `pending-` state, and operations of which the engine does not know how they ended.
Each is repaired only where nobody can still be at work on it, and each repair is said in a line.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.console import say
from embedded.engine.engine import Engine
from embedded.fault import Fault

RELEASE = "kubernetes:helm.sh/v3:Release"


def repair(engine: Engine, namespace: str, helm: Path, kubectl: Path) -> None:
    """Free the stack from what a killed run left, or say who still works on it.

    Only releases of the stack's own namespace: another stack may be in the middle of an upgrade.
    """
    _break_dead_locks(engine)
    for release in _pending_releases(engine, namespace, helm):
        _free_release(engine, helm, release)
    _settle_pending_operations(engine, helm, kubectl)


@dataclass(frozen=True)
class Lock:
    """One lock file of the backend."""

    file: Path
    pid: int
    host: str

    @property
    def alive(self) -> bool:
        """Whether the run that made it may still be at work; another host's is never called dead."""
        if self.host != socket.gethostname():
            return True
        try:
            return b"pulumi" in Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False


def locks(backend: Path, stack: str) -> Iterator[Lock]:
    """Read the locks of a stack in a file backend; they lie in a folder of its name."""
    for file in sorted((backend / ".pulumi" / "locks").glob(f"**/{stack}/*.json")):
        content = json.loads(file.read_text())
        yield Lock(file, int(content["pid"]), str(content["hostname"]))


def _break_dead_locks(engine: Engine) -> None:
    backend = Path(engine.env["PULUMI_BACKEND_URL"].removeprefix("file://"))
    found = list(locks(backend, engine.stack))
    for lock in found:
        if lock.alive:
            raise Fault(
                f"Another `pulumi` is at work on {engine.stack} (process {lock.pid} on {lock.host}).",
                "Two runs at once would overwrite each other's state.",
                f"Wait for it. If you know that it hangs: kill {lock.pid}, then run the same command again.",
            )
    if found:
        say("  An earlier run was killed in the middle: its lock is removed, its traces are settled first.")
        engine.read("cancel", "--yes")


def _tool(engine: Engine, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=dict(engine.env), check=False, capture_output=True, text=True)


def _pending_releases(engine: Engine, namespace: str, helm: Path) -> list[Mapping[str, Any]]:
    listed = _tool(engine, str(helm), "list", "--namespace", namespace, "--pending", "--output", "json")
    return list(json.loads(listed.stdout or "[]")) if listed.returncode == 0 else []


def _free_release(engine: Engine, helm: Path, release: Mapping[str, Any]) -> bool:
    """Take a release out of a half-made state: back to its last good revision, or away if it never had one.

    Returns whether it still exists.
    """
    name, namespace = str(release["name"]), str(release["namespace"])
    history = _tool(engine, str(helm), "history", name, "--namespace", namespace, "--output", "json")
    good = [
        entry["revision"]
        for entry in json.loads(history.stdout or "[]")
        if entry["status"] in ("deployed", "superseded")
    ]
    if good:
        say(f"  The release {namespace}/{name} was left half-upgraded: it goes back to revision {good[-1]}.")
        done = _tool(engine, str(helm), "rollback", name, str(good[-1]), "--namespace", namespace)
    else:
        say(f"  The release {namespace}/{name} was left half-installed: it is taken away and made anew.")
        # Foreground: the Deployments go after their pods. In the background they go first, and controllers
        # that lost sight of the API server meanwhile may take the new Deployment of the same name for the
        # old one: its pods then stay, and two hubs work on one database.
        how = ("--no-hooks", "--wait", "--cascade", "foreground")
        done = _tool(engine, str(helm), "uninstall", name, "--namespace", namespace, *how)
    if done.returncode:
        raise Fault(
            f"The half-made release {namespace}/{name} could not be freed: {done.stderr.strip()}",
            "Helm refuses every change of it until then.",
            f'eval "$(make -s env STACK={engine.stack})"; helm history {name} -n {namespace}'
            "   # then helm rollback or uninstall",
        )
    return bool(good)


def _settle_pending_operations(engine: Engine, helm: Path, kubectl: Path) -> None:
    """Tell the engine which half-made objects exist, and let it look at the rest."""
    state = json.loads(engine.read("stack", "export"))
    pending = (state.get("deployment") or {}).get("pending_operations") or []
    arguments: list[str] = []
    for operation in pending:
        resource = operation["resource"]
        if operation["type"] == "creating" and (identity := _live_identity(engine, helm, kubectl, resource)):
            say(f"  {resource['urn'].rsplit('::', 1)[-1]} was made before the run died: it is taken over.")
            arguments += ["--import-pending-creates", resource["urn"], "--import-pending-creates", identity]
    if pending:
        code = engine.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates", *arguments)
        if code:
            raise Fault(
                "The state could not be brought in line with the cluster (see above).",
                "The next deployment would not know what exists.",
                f'eval "$(make -s env STACK={engine.stack})"; pulumi refresh',
            )


def _live_identity(engine: Engine, helm: Path, kubectl: Path, resource: Mapping[str, Any]) -> str | None:
    """Return the id under which a half-made object lives in the cluster, or None."""
    kind = str(resource["type"])
    inputs = resource.get("inputs") or {}
    if kind == RELEASE:
        return _live_release(engine, helm, inputs)
    if not kind.startswith("kubernetes:"):
        return None
    metadata = inputs.get("metadata") or {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    where = ["--namespace", str(namespace)] if namespace else []
    found = _tool(engine, str(kubectl), "get", kubectl_kind(kind), str(name), *where, "--output", "name")
    if found.returncode:
        return None
    return f"{namespace}/{name}" if namespace else str(name)


def _live_release(engine: Engine, helm: Path, inputs: Mapping[str, Any]) -> str | None:
    """Return the id of a release that was deployed whole; one whose making was broken off is taken away."""
    release = {"name": inputs.get("name"), "namespace": inputs.get("namespace", "default")}
    where = ("--namespace", str(release["namespace"]), "--output", "json")
    found = _tool(engine, str(helm), "status", str(release["name"]), *where)
    if found.returncode:
        return None
    whole = json.loads(found.stdout)["info"]["status"] == "deployed"
    if whole or _free_release(engine, helm, release):
        return f"{release['namespace']}/{release['name']}"
    return None


def kubectl_kind(token: str) -> str:
    """Turn a Pulumi type token into kubectl's `kind.version.group`.

    >>> kubectl_kind("kubernetes:apps/v1:Deployment")
    'Deployment.v1.apps'
    >>> kubectl_kind("kubernetes:core/v1:Secret")
    'Secret.v1.'
    """
    _, api, kind = token.split(":")
    group, version = api.split("/")
    return f"{kind}.{version}.{'' if group == 'core' else group}"
