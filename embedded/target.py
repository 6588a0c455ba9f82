"""Which cluster a run is for: a node made on this machine, a control plane alone, or one that is named."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.fault import Fault
from embedded.node import Options
from embedded.paths import Paths


@dataclass(frozen=True)
class Target:
    """Where `pulumi up` goes."""

    context: str
    kubeconfig: Path
    home: Path  # state of the engine for this cluster: another cluster has another state
    own: bool  # made on this machine
    pods: bool  # whether pods can run, so that waiting for them makes sense
    why_no_pods: str = ""
    https_port: int = 443
    api_port: int = 6443


def engine_home(paths: Paths) -> Path:
    """The state of the engine for the node of this machine."""
    return paths.state / "engine"


def own_node(paths: Paths, options: Options, why_no_pods: str) -> Target:
    """Return the node of this machine (or its control plane alone)."""
    return Target(
        context="embedded",
        kubeconfig=paths.kubeconfig,
        home=engine_home(paths),
        own=True,
        pods=options.pods,
        why_no_pods="" if options.pods else why_no_pods,
        https_port=options.https_port,
        api_port=options.api_port,
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
