"""`ops manifests` with a real Helm and real charts: what they make at random never shows."""

from __future__ import annotations

import re

import pytest

from ops.helm import Helm
from ops.objects import Identity, of_stack
from ops.readable import readable
from settings import Settings
from tests.tools.test_rendered import Chart, chart, helm, settings

__all__ = ["chart", "helm", "settings"]
ANOTHER = "<made by the chart: another each time>"


@pytest.fixture
def tool(chart: Chart) -> Helm:
    return Helm(str(chart.helm), chart.place)


def test_two_runs_give_the_same_objects(settings: Settings, tool: Helm) -> None:
    first, second = (of_stack(settings, tool, named=False) for _ in range(2))
    assert readable(first) == readable(second)
    names = {(one.kind, one.name) for one in map(Identity.of, first)}
    assert {("Deployment", "hub"), ("Deployment", "proxy"), ("Namespace", settings.namespace.name)} <= names


def test_the_chart_s_own_secret_holds_references(settings: Settings, tool: Helm) -> None:
    found = of_stack(settings, tool, named=False)
    hub = next(one for one in found if (one["kind"], one["metadata"]["name"]) == ("Secret", "hub"))
    keys = hub["stringData"]
    assert keys["hub.config.ConfigurableHTTPProxy.auth_token"] == "<secret: generated as proxy-token-1>"
    assert keys["hub.config.JupyterHub.cookie_secret"] == keys["hub.config.CryptKeeper.keys"] == ANOTHER
    assert not any(re.fullmatch("[0-9a-f]{32,}", value) for value in keys.values())
