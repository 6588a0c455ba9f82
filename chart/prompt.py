"""Values that let the hub notice a started server at once."""

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


def prompt(_settings: Settings) -> Values:
    """Shorten the pauses after which the hub asks whether a server is there."""
    return {"hub": {"extraFiles": module("prompt.py"), "extraConfig": {"prompt": _INSTALL}}}
