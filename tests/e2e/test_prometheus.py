"""A real Prometheus beside the running node: it scrapes the hub, and takes every rule and every panel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date

import pytest

import observability
from tests.e2e.hub import Hub
from tests.e2e.prometheus import Prometheus, prometheus_of, scraped
from tests.unit.documents import settings
from tests.unit.promql import selected

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    place = tmp_path_factory.mktemp("prometheus")
    (place / "rules.yaml").write_text(
        json.dumps({"groups": observability.alert_groups(settings(), date(2037, 1, 1))})
    )
    hub = Hub.of_this_machine()
    config = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [scraped(hub), scraped(hub, "without-a-token", token=False)],
    }
    with prometheus_of(place, config) as made:
        # Rates want two values.
        time.sleep(3)
        yield made


def test_the_token_opens_the_metrics_and_nothing_else_does(prometheus: Prometheus) -> None:
    assert (prometheus.target("hub")["health"], prometheus.target("hub")["lastError"]) == ("up", "")
    refused = prometheus.target("without-a-token")
    assert refused["health"] == "down"
    assert "403" in refused["lastError"]


def test_every_rule_is_evaluated(prometheus: Prometheus) -> None:
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    written = [
        rule for group in observability.alert_groups(settings(), date(2037, 1, 1)) for rule in group["rules"]
    ]
    assert {rule["name"] for rule in rules} == {rule["alert"] for rule in written}
    assert {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"} == {}
    states = {rule["name"]: rule["state"] for rule in rules}
    assert states["JupyterHubNotScraped"] == "inactive"


def test_panels_of_the_hub_s_metrics_show_something(prometheus: Prometheus) -> None:
    (text,) = observability.dashboards(settings()).values()
    shown: dict[str, bool] = {}
    for panel in json.loads(text)["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$__rate_interval", "1m")
            found = prometheus.ask("query", query=expr)["result"]
            if all(metric.startswith("jupyterhub_") for metric, _ in selected(expr)):
                shown[panel["title"]] = bool(found)
    assert len(shown) >= 10
    assert [title for title, any_of_it in shown.items() if not any_of_it] == []
