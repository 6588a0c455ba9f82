"""Which cluster a run is for: a node made on this machine, a control plane alone, or one that is named."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from embedded.fault import Fault
from embedded.images import Image
from embedded.node import Options
from embedded.paths import Paths

STACK_IMAGES = ("hub", "proxy", "notebook")


@dataclass(frozen=True)
class Target:
    """Where `pulumi up` goes."""

    context: str
    kubeconfig: Path
    home: Path  # state of the engine for this cluster: another cluster has another state
    own: bool  # made on this machine
    pods: bool  # whether pods can run, so that waiting for them makes sense
    why_no_pods: str = ""
    changes: Mapping[str, object] = field(default_factory=dict)  # what the overlay must say of it


def own_node(paths: Paths, options: Options, why_no_pods: str) -> Target:
    """Return the node of this machine (or its control plane alone)."""
    return Target(
        context="embedded",
        kubeconfig=paths.kubeconfig,
        home=paths.state / "engine",
        own=True,
        pods=options.pods,
        why_no_pods="" if options.pods else why_no_pods,
        changes={"ingress.port": options.https_port, "network.apiServer.ports": [options.api_port]},
    )


def named(paths: Paths, context: str, env: Mapping[str, str], kubectl: Path) -> Target:
    """Return the cluster that KUBECONTEXT names, if its kubeconfig knows it and it answers."""
    kubeconfig = Path(env.get("KUBECONFIG") or Path(env["HOME"]) / ".kube" / "config")
    if not kubeconfig.exists():
        raise Fault(
            f"KUBECONTEXT={context}, but there is no kubeconfig at {kubeconfig}.",
            "No cluster was looked at.",
            "KUBECONFIG=/path/to/kubeconfig KUBECONTEXT=name make up, or leave both out for a node here.",
        )
    asked = subprocess.run(
        [
            *(kubectl, "--kubeconfig", kubeconfig, "--context", context),
            *("get", "--raw", "/version", "--request-timeout", "10s"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if asked.returncode:
        raise Fault(
            f"The cluster of context {context} does not answer: {asked.stderr.strip().splitlines()[-1]}",
            "Nothing was deployed.",
            f"kubectl --context {context} get nodes must work first; or leave KUBECONTEXT out.",
        )
    return Target(
        context, kubeconfig, paths.state / "engines" / context.replace("/", "_"), own=False, pods=True
    )


def image_changes(target: Target, built: Mapping[str, Image], env: Mapping[str, str]) -> dict[str, str]:
    """Return which images the stack uses: those built here, or those that a named cluster can pull."""
    refs = {name: built[name].ref for name in STACK_IMAGES if name in built}
    refs |= {name: ref for name in STACK_IMAGES if (ref := env.get(f"{name.upper()}_IMAGE"))}
    missing = [f"{name.upper()}_IMAGE" for name in STACK_IMAGES if name not in refs]
    if missing and not target.own:
        raise Fault(
            f"The cluster of context {target.context} cannot see images that are built on this machine.",
            "Its pods would wait for images for ever; nothing was deployed.",
            f"Name images that it can pull: {' '.join(f'{name}=registry/name:tag' for name in missing)}",
        )
    changes = {}
    for name, ref in refs.items():
        changes[f"images.{name}.name"], changes[f"images.{name}.tag"] = ref.rsplit(":", 1)
    return changes
