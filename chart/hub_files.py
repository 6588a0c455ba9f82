"""Files of ours that run in the hub: the chart mounts them beside its own configuration."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chart.merge import Values

# The folder of the hub's configuration is on its path, so a file there is a module.
_IN_THE_HUB = "/usr/local/etc/jupyterhub"
_FILES = Path(__file__).resolve().parents[1] / "files" / "hub"


def module(name: str) -> Values:
    """Give an entry of `hub.extraFiles`: code of `hub.extraConfig` imports it by its name."""
    return {name.rpartition("/")[2]: {"mountPath": f"{_IN_THE_HUB}/{name}", "stringData": _text(name)}}


def folder(name: str) -> str:
    """Give where the hub has a folder of these files."""
    return f"{_IN_THE_HUB}/{name}"


@cache
def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")
