"""Values by which servers start in full homes, and by which people see how full theirs is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from chart.merge import Values
from settings import Settings

SCRATCH = "/run/jupyter"
"""A folder that lives as long as the pod, beside the home: what a server writes for itself."""
_FILES = Path(__file__).resolve().parents[1] / "files" / "server"
_START = "/usr/local/share/jupyterhub/start.sh"
# The name that images leave alone: their own settings lie in jupyter_server_config beside it.
_SETTINGS = "/usr/local/etc/jupyter/jupyter_config.json"
_SERVER = "jupyterhub-singleuser"
_EVERYONE_READS_AND_RUNS = 0o555
# A few sockets and settings; past it the pod is put out, so far above what is needed.
_SCRATCH_SIZE = "1Gi"


def homes(settings: Settings) -> Values:
    """Start each server by our script, and tell it what it needs to know of its home."""
    display = {
        "FileContentsManager": {
            # A bin in the home frees nothing: who deletes in a full one would meet an error.
            "delete_to_trash": False
        },
        # Read by jupyter-resource-usage, where the image has it.
        "ResourceUseDisplay": {
            "track_disk_usage": True,
            "disk_path": "/home/jovyan",
            "disk_warning_threshold": settings.storage.homes.warn_below / 100,
        },
    }
    return {
        "singleuser": {
            "cmd": ["sh", _START, SCRATCH, _SERVER],
            "extraFiles": {
                "start.sh": {
                    "mountPath": _START,
                    "stringData": _text("start.sh"),
                    "mode": _EVERYONE_READS_AND_RUNS,
                },
                "home.json": {"mountPath": _SETTINGS, "stringData": json.dumps(display, indent=2) + "\n"},
            },
        }
    }


def scratch() -> tuple[Values, Values]:
    """Give volume and mount of the folder beside the home."""
    volume = {"name": "scratch", "emptyDir": {"sizeLimit": _SCRATCH_SIZE}}
    return volume, {"name": "scratch", "mountPath": SCRATCH}


@cache
def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")
