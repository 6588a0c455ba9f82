"""Values that lead hub and notebooks through the egress proxy."""

from __future__ import annotations

from typing import Literal

from chart.merge import Values
from settings import Settings
from settings.proxying import proxy_environment

_PODS: tuple[tuple[str, Literal["hub", "users"]], ...] = (("hub", "hub"), ("singleuser", "users"))


def egress_proxy(settings: Settings) -> Values:
    """Tell every client of the proxy, where there is one, and of what it is not asked for."""
    told = {place: proxy_environment(settings, pods) for place, pods in _PODS}
    return {place: {"extraEnv": variables} for place, variables in told.items() if variables}
