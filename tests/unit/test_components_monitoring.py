"""What Prometheus and Grafana are given: the token by name, the labels that select, and nothing unasked."""

from __future__ import annotations

import json
from typing import Any

from settings.flows import CONNECTOR, CONNECTOR_METRICS
from tests.unit.monitored import CONFIG_MAP, POD, RULE, SECRET_NAME, SERVICE, children, made
from tests.unit.recorder import Recorder

KEY = "hub.services.prometheus.apiToken"


def endpoint(recorder: Recorder) -> dict[str, Any]:
    (found,) = recorder.one(SERVICE).plain()["spec"]["endpoints"]
    assert isinstance(found, dict)
    return found


def test_the_hub_is_asked_as_the_chart_serves_it_with_the_token_of_its_secret() -> None:
    assert endpoint(made("aiv-prod")) == {
        "port": "hub",
        "path": "/hub/metrics",
        "scheme": "http",
        "authorization": {"type": "Bearer", "credentials": {"name": SECRET_NAME, "key": KEY}},
        "interval": "30s",
        "honorLabels": True,
    }


def test_the_service_is_found_by_the_labels_that_the_chart_gives_it() -> None:
    found = made("aiv-prod").one(SERVICE).plain()["spec"]
    assert found["selector"]["matchLabels"] == {
        "app": "jupyterhub",
        "component": "hub",
        "release": "jhub-production",
    }


def test_prometheus_finds_all_of_it_by_its_labels() -> None:
    recorder = made("aiv-staging")
    for asked in (recorder.one(SERVICE), recorder.one(RULE)):
        metadata = asked.plain()["metadata"]
        assert metadata["labels"]["release"] == "aiv-prometheus"
        assert metadata["namespace"] == "jupyterhub-staging"


def test_no_token_is_in_any_object() -> None:
    assert "random-token" not in json.dumps([asked.plain() for asked in children(made("aiv-prod"))])


def test_the_connectors_are_asked_where_policies_let_prometheus_in() -> None:
    spec = made("lab").one(POD).plain()["spec"]
    assert spec["selector"]["matchLabels"] == CONNECTOR
    assert [one["port"] for one in spec["podMetricsEndpoints"]] == ["metrics"]
    assert CONNECTOR_METRICS == 2000
    assert made("aiv-prod").of(POD) == []


def test_nothing_of_the_operator_s_is_made_where_there_is_no_operator() -> None:
    quiet = {"monitoring": {"operator": False, "labels": None, "alerts": None}}
    assert {asked.type for asked in children(made("aiv-prod", quiet))} == {CONFIG_MAP}
    assert children(made("local")) == []


def test_without_metrics_nobody_is_sent_to_them() -> None:
    recorder = made("iav-test", {"monitoring": {"metrics": False}})
    assert {asked.type for asked in children(recorder)} == {RULE}


def test_grafana_finds_the_dashboards_by_label_and_folder() -> None:
    patch = {"monitoring": {"dashboardLabels": {"dashboards": "yes"}, "dashboardFolder": "Platform"}}
    asked = made("aiv-prod", patch).one(CONFIG_MAP).plain()
    assert asked["metadata"]["labels"] == {"dashboards": "yes"}
    assert asked["metadata"]["annotations"] == {"grafana_folder": "Platform"}
    assert json.loads(asked["data"]["hub-jupyterhub-prod.json"])["uid"] == "hub-jupyterhub-prod"
    plain = made("aiv-prod").one(CONFIG_MAP).plain()
    assert plain["metadata"]["labels"] == {"grafana_dashboard": "1"}


def test_it_holds_no_data_and_belongs_to_its_component() -> None:
    recorder = made("lab")
    for asked in children(recorder):
        assert recorder.requests[asked.parent].type == "jupyterhub:components:Monitoring"
        assert not asked.protect
        assert not asked.retain
