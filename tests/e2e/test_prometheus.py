"""A real Prometheus beside the running node: it scrapes the hub, and takes every rule and every panel."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

import observability
from tests.e2e.hub import Hub
from tests.e2e.node_pod import wait_for
from tests.metrics.prometheus import program
from tests.unit.documents import settings
from tests.unit.promql import selected

pytestmark = pytest.mark.node

Json = dict[str, Any]


@dataclass(frozen=True)
class Prometheus:
    """One that runs for these tests, on this machine alone."""

    url: str

    def ask(self, path: str, **parameters: str) -> Json:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10)
        found: Json = answer.json()
        assert found["status"] == "success", found.get("error")
        data: Json = found["data"]
        return data

    def target(self, job: str) -> Json:
        (found,) = (one for one in self.ask("targets")["activeTargets"] if one["labels"]["job"] == job)
        assert isinstance(found, dict)
        return found


def scraped(hub: Hub) -> Json:
    """The hub as docs/monitoring.md says it to a Prometheus without the operator; and once more, without."""
    told = hub.outputs["metrics"]
    secret = json.loads(hub.kubectl("get", "secret", told["tokenSecret"], "--output", "json"))
    token = base64.b64decode(secret["data"][told["tokenKey"]]).decode()
    # A name inside the cluster means nothing on this machine: the Service's address stands for it.
    address = json.loads(hub.kubectl("get", "service", "hub", "--output", "json"))["spec"]["clusterIP"]
    place = [{"targets": [f"{address}:8081"], "labels": {"namespace": hub.namespace}}]
    every = {"metrics_path": "/hub/metrics", "static_configs": place, "scrape_interval": "1s"}
    allowed = {"job_name": "hub", "authorization": {"type": "Bearer", "credentials": token}, **every}
    return {
        "global": {"evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [allowed, {"job_name": "without-a-token", **every}],
    }


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    place = tmp_path_factory.mktemp("prometheus")
    command = program("prometheus", place)
    (place / "rules.yaml").write_text(
        json.dumps({"groups": observability.alert_groups(settings(), date(2037, 1, 1))})
    )
    (place / "prometheus.yaml").write_text(json.dumps(scraped(Hub.of_this_machine())))
    made = Prometheus(f"http://127.0.0.1:{free_port()}")
    with (place / "log").open("w") as log:
        running = subprocess.Popen(
            [
                command,
                f"--config.file={place / 'prometheus.yaml'}",
                f"--storage.tsdb.path={place / 'data'}",
                f"--web.listen-address={made.url.removeprefix('http://')}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(
                lambda: _serves(made, running, place / "log"),
                "Prometheus has the hub as a target that is up",
                60,
            )
            # Rates want two values.
            time.sleep(3)
            yield made
        finally:
            running.terminate()
            running.wait(timeout=30)


def _serves(made: Prometheus, running: subprocess.Popen[bytes], log: Path) -> bool:
    assert running.poll() is None, log.read_text()
    try:
        return str(made.target("hub")["health"]) == "up"
    except (requests.RequestException, ValueError):
        return False


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
