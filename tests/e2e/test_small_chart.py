"""The small chart as a release of its own on the running node: people sign in, start servers, and keep them.

With EMBEDDED_REAL_CHART=<a packed JupyterHub chart> the same tests run with that one too: what the small
chart does is what the real one does, or the test says otherwise.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from embedded import charts
from tests.e2e.form import cross_site_token, sign_in
from tests.e2e.hub import NAMESPACE, engine_of_this_machine, tool

pytestmark = pytest.mark.node

USER = "ada"
PASSWORD = "long-enough-for-a-shared-password"
REAL = "EMBEDDED_REAL_CHART"
Json = dict[str, Any]


@dataclass(frozen=True)
class Release:
    """A chart installed in a namespace of its own."""

    namespace: str
    chart: Path
    values: Path
    env: dict[str, str]

    def kubectl(self, *args: str) -> str:
        return tool(self.env, "kubectl", "--namespace", self.namespace, *args)

    def get(self, *what: str) -> Json:
        found: Json = json.loads(self.kubectl("get", *what, "--output", "json"))
        return found

    def upgrade(self, **more: str) -> None:
        extra = [
            part for key, value in more.items() for part in ("--set", f"{key.replace('__', '.')}={value}")
        ]
        tool(
            self.env,
            *("helm", "upgrade", "--install", "jupyterhub", str(self.chart), "--namespace", self.namespace),
            *("--create-namespace", "--values", str(self.values), "--wait", "--timeout", "5m", *extra),
        )

    def pods(self) -> dict[str, str]:
        """Give the pods that run, by component."""
        return {
            pod["metadata"]["labels"].get("component", ""): pod["metadata"]["uid"]
            for pod in self.get("pods")["items"]
            if not pod["metadata"].get("deletionTimestamp")
        }


def values_of(env: dict[str, str]) -> Json:
    """Give values for a release beside the one that `make up` made, with its images."""
    theirs = yaml.safe_load(tool(env, "helm", "--namespace", NAMESPACE, "get", "values", "jupyterhub"))
    off = {"enabled": False}
    return {
        "hub": {
            "image": theirs["hub"]["image"],
            "config": {
                "JupyterHub": {"authenticator_class": "shared-password"},
                "SharedPasswordAuthenticator": {"allow_all": True, "user_password": PASSWORD},
            },
            "services": {"prometheus": {"display": False}},
            "loadRoles": {"prometheus": {"services": ["prometheus"], "scopes": ["read:metrics"]}},
        },
        "proxy": {"service": {"type": "ClusterIP"}, "chp": {"image": theirs["proxy"]["chp"]["image"]}},
        "singleuser": {
            "image": theirs["singleuser"]["image"],
            "cloudMetadata": {"blockWithIptables": False},
            "memory": {"guarantee": "64M"},
            "storage": {"capacity": "1Gi"},
        },
        "prePuller": {"hook": off, "continuous": off},
        "scheduling": {"userScheduler": off, "userPlaceholder": off},
    }


@pytest.fixture(scope="module", params=["small", "real"])
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    real = os.environ.get(REAL)
    if request.param == "real" and not real:
        pytest.skip(f"{REAL} names no packed JupyterHub chart")
    env = dict(engine_of_this_machine().env)
    place = tmp_path_factory.mktemp("chart")
    (place / "values.yaml").write_text(yaml.safe_dump(values_of(env)))
    chart = Path(real) if request.param == "real" and real else charts.SMALL
    made = Release(f"try-chart-{request.param}", chart, place / "values.yaml", env)
    made.upgrade()
    if request.param == "real":
        # It draws what nobody gave it anew for each place that it stands in, so that its first upgrade
        # restarts hub and proxy once, without a change. The small chart does not.
        made.upgrade()
    yield made
    tool(env, "kubectl", "delete", "namespace", made.namespace, "--wait=false")


@dataclass(frozen=True)
class Person:
    """A browser's session at the proxy, without the browser."""

    url: str
    session: requests.Session

    @classmethod
    def signs_in(cls, release: Release) -> Person:
        address = release.get("service", "proxy-public")["spec"]["clusterIP"]
        person = cls(f"http://{address}", requests.Session())
        sign_in(person.session, person.url, USER, PASSWORD)
        return person

    def asks(self, method: str, path: str) -> requests.Response:
        headers = {"X-XSRFToken": cross_site_token(self.session)}
        return self.session.request(method, f"{self.url}/hub/api/{path}", headers=headers, timeout=30)


def wait_for(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds:.0f} s"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def person(release: Release) -> Person:
    """Somebody with a running server."""
    someone = Person.signs_in(release)
    someone.asks("POST", f"users/{USER}/server")
    wait_for(lambda: bool(someone.asks("GET", f"users/{USER}").json().get("server")))
    return someone


def test_user_pods_have_the_names_and_labels_that_policies_rely_on(release: Release, person: Person) -> None:
    pod = release.get("pod", f"jupyter-{USER}")
    labels = pod["metadata"]["labels"]

    assert {name: labels.get(name) for name in ("app", "component", "release")} == {
        "app": "jupyterhub",
        "component": "singleuser-server",
        "release": "jupyterhub",
    }
    assert labels["hub.jupyter.org/network-access-hub"] == "true"
    assert labels["hub.jupyter.org/username"] == USER
    ports = pod["spec"]["containers"][0]["ports"]
    assert [(port["name"], port["containerPort"]) for port in ports] == [("notebook-port", 8888)]


def test_a_home_is_a_claim_named_after_its_user(release: Release, person: Person) -> None:
    volumes = release.get("pod", f"jupyter-{USER}")["spec"]["volumes"]

    assert volumes == [
        {"name": f"volume-{USER}", "persistentVolumeClaim": {"claimName": f"claim-{USER}"}},
    ]
    assert release.get("pvc", f"claim-{USER}")["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_the_server_answers_through_the_proxy_and_only_to_its_user(release: Release, person: Person) -> None:
    status = f"{person.url}/user/{USER}/api/status"
    asked = person.session.get(f"{person.url}/user/{USER}/lab", timeout=60)

    assert asked.status_code == 200, asked.text[:300]
    assert requests.get(status, timeout=30).status_code == 403


def test_user_pods_reach_the_hub_and_not_the_proxys_api(release: Release, person: Person) -> None:
    def reaches(host: str, port: int) -> bool:
        code = f"import socket; socket.create_connection(('{host}', {port}), 3)"
        pod = ("exec", f"jupyter-{USER}", "--", "python3", "-c")
        done = release.kubectl(*pod, f"try:\n  {code}\n  print('yes')\nexcept OSError:\n  print('no')")
        return done.strip() == "yes"

    services = {item["metadata"]["name"]: item["spec"]["clusterIP"] for item in release.get("svc")["items"]}
    assert reaches(services["hub"], 8081)
    assert not reaches(services["proxy-api"], 8001)


def test_metrics_take_the_token_that_the_chart_made(release: Release, person: Person) -> None:
    kept = release.get("secret", "hub")["data"]["hub.services.prometheus.apiToken"]
    token = base64.b64decode(kept).decode()
    metrics = f"{person.url}/hub/metrics"

    assert requests.get(metrics, timeout=30).status_code == 403
    assert requests.get(metrics, headers={"Authorization": f"token {token}"}, timeout=30).status_code == 200


def test_an_upgrade_without_a_change_restarts_nothing(release: Release, person: Person) -> None:
    secret, pods = release.get("secret", "hub")["data"], release.pods()

    release.upgrade()

    assert release.get("secret", "hub")["data"] == secret
    assert release.pods() == pods


def test_changed_configuration_restarts_the_hub_alone_and_servers_go_on(
    release: Release, person: Person
) -> None:
    pods = release.pods()

    release.upgrade(hub__extraConfig__note="c.JupyterHub.template_vars['announcement'] = 'changed'")
    wait_for(lambda: "hub" in release.pods())

    now = release.pods()
    assert now["hub"] != pods["hub"]
    assert {key: now[key] for key in ("proxy", "singleuser-server")} == {
        key: pods[key] for key in ("proxy", "singleuser-server")
    }
    # Ready to the kubelet comes a moment before the proxy leads to the new pod.
    wait_for(lambda: "changed" in person.session.get(f"{person.url}/hub/home", timeout=30).text)
    assert person.session.get(f"{person.url}/user/{USER}/api/status", timeout=30).status_code == 200
