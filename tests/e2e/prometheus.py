"""A real Prometheus for the time of some tests: beside the running node, and a test says what it scrapes."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.e2e.hub import Hub
from tests.e2e.node_pod import wait_for
from tests.metrics.prometheus import program

Json = dict[str, Any]
TARGET = "hub"
"""The job by which rules and panels know a hub."""


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


def scraped(hub: Hub, job: str = TARGET, *, token: bool = True) -> Json:
    """The hub as docs/monitoring.md says it to a Prometheus without the operator; or without its token."""
    told = hub.outputs["metrics"]
    secret = json.loads(hub.kubectl("get", "secret", told["tokenSecret"], "--output", "json"))
    secret_token = base64.b64decode(secret["data"][told["tokenKey"]]).decode()
    # A name inside the cluster means nothing on this machine: the Service's address stands for it.
    address = json.loads(hub.kubectl("get", "service", "hub", "--output", "json"))["spec"]["clusterIP"]
    place = [{"targets": [f"{address}:8081"], "labels": {"namespace": hub.namespace}}]
    found = {
        "job_name": job,
        "metrics_path": "/hub/metrics",
        "static_configs": place,
        "scrape_interval": "1s",
    }
    return found | ({"authorization": {"type": "Bearer", "credentials": secret_token}} if token else {})


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def prometheus_of(place: Path, config: Json) -> Iterator[Prometheus]:
    """Run one with this configuration until the block ends; its first target has been scraped by then."""
    command = program("prometheus", place)
    (place / "prometheus.yaml").write_text(json.dumps(config))
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
            wait_for(lambda: _scraped(made, running, place / "log"), "Prometheus has scraped the hub", 60)
            yield made
        finally:
            running.terminate()
            running.wait(timeout=30)


def _scraped(made: Prometheus, running: subprocess.Popen[bytes], log: Path) -> bool:
    assert running.poll() is None, log.read_text()
    try:
        return str(made.target(TARGET)["health"]) != "unknown"
    except (requests.RequestException, ValueError):
        return False
