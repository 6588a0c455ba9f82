"""Values that keep a start short: how the hub waits, and what the node does before a container runs."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values
from settings import Settings

_INSTALL = """\
import jupyterhub.utils
import kubespawner.spawner

import prompt

prompt.waiting_in(jupyterhub.utils, kubespawner.spawner)
"""


# Without it the kubelet changes the group of every file of a home, and of the shared folder, at each start.
_VOLUMES = {"fsGroupChangePolicy": "OnRootMismatch"}


def prompt(_settings: Settings) -> Values:
    """Shorten the pauses after which the hub asks whether a server is there, and the mounting of volumes."""
    return {
        "hub": {
            "extraFiles": module("prompt.py"),
            "extraConfig": {"prompt": _INSTALL},
            "config": {"KubeSpawner": {"pod_security_context": _VOLUMES}},
        }
    }
