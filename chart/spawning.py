"""Values for the start of servers: the page with the options, and what is said when one does not start."""

from __future__ import annotations

from chart.hub_files import folder, module
from chart.merge import Values, disjoint
from settings import Settings
from settings.gpu import OwnPriority

_FILES = ("spawn_marks.py", "spawn_room.py", "spawn_watch.py", "spawn_words.py")
_FORM = "options"
_INSTALL = """\
from spawn_watch import explained

c.JupyterHub.spawner_class = explained(c.JupyterHub.spawner_class)
c.Explained.update(get_config("custom.starts"))
"""
_FOR_A_NEW_NODE = 900
"""Seconds: a node takes minutes to come, and then pulls the image."""


def spawning(settings: Settings) -> Values:
    """Let the hub say why a server does not start, and what can start now."""
    cluster, priority = settings.cluster, settings.gpu.priority
    told = {
        "sees_nodes": cluster.nodes_visible,
        "cluster_grows": cluster.autoscaled,
        "pushes_out": isinstance(priority, OwnPriority) and priority.preempts,
    }
    values: Values = {
        "custom": {"starts": told},
        "hub": {
            "extraFiles": disjoint((name, module(name)) for name in (*_FILES, f"{_FORM}/form.html")),
            "extraConfig": {"spawning": _INSTALL},
            "config": {"KubeSpawner": {"additional_profile_form_template_paths": [folder(_FORM)]}},
        },
    }
    if cluster.autoscaled:
        values["singleuser"] = {"startTimeout": _FOR_A_NEW_NODE}
    return values
