"""Where the engine's plugins come from: the official ones if they can be had, else those made here."""

from __future__ import annotations

import sys
from pathlib import Path

from embedded import toolchain
from embedded.console import say
from embedded.fault import Fault
from embedded.paths import Paths
from embedded.providers.install import install
from embedded.target import Target
from embedded.toolchain import Tools


def provide(paths: Paths, target: Target, tools: Tools) -> None:
    """Put the Kubernetes and random plugins where the engine finds them."""
    if toolchain.official_plugins(tools.path("pulumi"), paths):
        return
    if not target.own:
        raise Fault(
            f"The official Pulumi plugins cannot be downloaded, and KUBECONTEXT={target.context} needs them.",
            "The plugins made here refuse every cluster that was not made on this machine.",
            f"PULUMI_HOME={paths.pulumi_home} pulumi plugin install --file, or leave KUBECONTEXT out.",
        )
    install(paths.pulumi_home, Path(sys.executable), paths.pki / "ca.crt", tools.path("helm"))
    say("  Pulumi's Kubernetes and random plugins cannot be downloaded: the embedded ones stand in for them.")
