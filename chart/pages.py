"""Values for the hub's own pages: templates of ours over JupyterHub's, and what they say of this hub."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values
from settings import Settings


def pages(settings: Settings) -> Values:
    """Say on the hub's pages whose it is, how one signs in, and whom to ask."""
    return {"hub": {"extraFiles": module("refusals.py")}}
