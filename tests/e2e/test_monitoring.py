"""The hub's metrics on the running node: who gets them, by which token, and that alerts name what exists."""

from __future__ import annotations

import base64
import json
import secrets
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from embedded import images
from embedded.paths import find
from tests.e2e.hub import Hub, tool
from tests.e2e.node_pod import wait_for
from tests.metrics import known
from tests.unit.monitored import made, monitoring_objects

pytestmark = pytest.mark.node

Json = dict[str, Any]
FRIEND, STRANGER = "monitoring", "not-monitoring"
OPERATOR = "monitoring.coreos.com"

# Asks once for each entry, and writes status and text: 0 where no connection comes about.
ASK = textwrap.dedent(
    """
    import json, os, urllib.error, urllib.request
    def asked(url, token):
        headers = {"Authorization": "Bearer " + token} if token else {}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, ""
        except OSError as failed:
            return 0, str(failed)
    print(json.dumps([asked(*one) for one in json.loads(os.environ["ASKED"])]))
    """
)


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


def kubectl(hub: Hub, *args: str) -> str:
    return tool(hub.engine.env, "kubectl", *args)


def listed(hub: Hub, *what: str) -> list[Json]:
    found: list[Json] = json.loads(kubectl(hub, "get", *what, "--output", "json"))["items"]
    return found


@pytest.fixture(scope="module", autouse=True)
def places() -> Iterator[None]:
    """Have both namespaces; one that was there before stays."""
    hub = Hub.of_this_machine()
    before = {one["metadata"]["name"]: one["status"]["phase"] for one in listed(hub, "namespaces")}
    missing = [name for name in (FRIEND, STRANGER) if before.get(name) != "Active"]
    for name in missing:
        kubectl(hub, "wait", "--for=delete", "--timeout=120s", f"namespace/{name}")
        kubectl(hub, "create", "namespace", name)
    yield
    for name in missing:
        kubectl(hub, "delete", "namespace", name, "--wait=false")


def ask(hub: Hub, place: str, *asked: tuple[str, str]) -> list[Answer]:
    """Ask from a pod of a namespace: addresses, each with a token or without."""
    name = f"ask-{secrets.token_hex(3)}"
    image = images.ensure(find())["notebook"].ref
    container = {
        "name": "ask",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python3", "-c", ASK],
        "env": [{"name": "ASKED", "value": json.dumps(asked)}],
    }
    spec = {"containers": [container], "restartPolicy": "Never", "automountServiceAccountToken": False}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    tool(hub.engine.env, *("kubectl", "--namespace", place, "create", "-f", "-"), given=json.dumps(pod))
    where = ("--namespace", place, "pod", name)

    def ended() -> bool:
        state = json.loads(kubectl(hub, "get", *where, "--output", "json"))["status"].get("phase")
        return state in ("Succeeded", "Failed")

    wait_for(ended, "the pod that asks has asked")
    answers = json.loads(kubectl(hub, "--namespace", place, "logs", name))
    kubectl(hub, "delete", *where, "--wait=false")
    return [Answer(*one) for one in answers]


@pytest.fixture
def token(hub: Hub) -> str:
    """As Prometheus has it: out of the Secret that the outputs name."""
    told = hub.outputs["metrics"]
    return secret(hub, hub.namespace, told["tokenSecret"], told["tokenKey"])


def secret(hub: Hub, place: str, name: str, key: str) -> str:
    found = json.loads(kubectl(hub, "--namespace", place, "get", "secret", name, "--output", "json"))
    return base64.b64decode(found["data"][key]).decode()


def test_prometheus_reads_metrics_with_its_token_and_nothing_else(hub: Hub, token: str) -> None:
    metrics = hub.outputs["metrics"]["url"]
    users = metrics.replace("/hub/metrics", "/hub/api/users")
    scraped, bare, wrong, api = ask(
        hub, FRIEND, (metrics, token), (metrics, ""), (metrics, "0" * 64), (users, token)
    )
    assert scraped.status == 200
    assert "jupyterhub_running_servers" in scraped.text
    assert (bare.status, wrong.status, api.status) == (403, 403, 403)
    # What alerts and panels are checked against is what a hub really gives.
    given = {line.split()[2] for line in scraped.text.splitlines() if line.startswith("# TYPE")}
    missing = {name for name in known() if name.startswith("jupyterhub_")} - {
        f"{name}{ending}" for name in given for ending in ("", "_bucket", "_count", "_sum")
    }
    assert missing == set()


def test_from_another_namespace_nobody_gets_as_far_as_the_token(hub: Hub, token: str) -> None:
    (answer,) = ask(hub, STRANGER, (hub.outputs["metrics"]["url"], token))
    assert answer.status == 0
    assert "timed out" in answer.text


def known_kinds(hub: Hub) -> set[str]:
    return {one["spec"]["names"]["kind"] for one in listed(hub, "customresourcedefinitions")}


def test_the_api_server_takes_what_is_made_for_the_operator(hub: Hub) -> None:
    kinds = known_kinds(hub)
    objects = [one for one in monitoring_objects(made("lab")) if one["kind"] in kinds]
    if not objects:
        pytest.skip("the node knows none of the operator's kinds: no stack with an operator came up")
    for one in objects:
        one["metadata"]["namespace"] = hub.namespace
        told = tool(
            hub.engine.env,
            *("kubectl", "create", "--dry-run=server", "--validate=strict", "--output=name"),
            "--filename=-",
            given=json.dumps(one),
        )
        assert one["metadata"]["name"] in told


def test_whatever_a_servicemonitor_names_is_there(hub: Hub) -> None:
    monitors = (
        listed(hub, f"servicemonitors.{OPERATOR}", "--all-namespaces")
        if "ServiceMonitor" in known_kinds(hub)
        else []
    )
    if not monitors:
        pytest.skip("no ServiceMonitor on the node: no stack with an operator is up")
    for one in monitors:
        place, spec = one["metadata"]["namespace"], one["spec"]
        (endpoint,) = spec["endpoints"]
        wanted = ",".join(f"{key}={value}" for key, value in spec["selector"]["matchLabels"].items())
        (service,) = listed(hub, "services", "--namespace", place, "--selector", wanted)
        assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
        key = endpoint["authorization"]["credentials"]
        url = f"http://{service['metadata']['name']}.{place}:{service['spec']['ports'][0]['port']}"
        token = secret(hub, place, key["name"], key["key"])
        answers(hub, place, (url + endpoint["path"], token))


def answers(hub: Hub, place: str, asked: tuple[str, str]) -> None:
    """Wait: a hub may be restarting at this moment."""
    wait_for(lambda: ask(hub, FRIEND, asked)[0].status == 200, f"{place}: metrics by its ServiceMonitor")


def test_a_tunnel_s_connectors_are_read_from_the_same_namespaces_alone(hub: Hub) -> None:
    monitors = (
        listed(hub, f"podmonitors.{OPERATOR}", "--all-namespaces") if "PodMonitor" in known_kinds(hub) else []
    )
    if not monitors:
        pytest.skip("no PodMonitor on the node: no stack with a tunnel and an operator is up")
    for one in monitors:
        (endpoint,) = one["spec"]["podMetricsEndpoints"]
        wanted = ",".join(f"{key}={value}" for key, value in one["spec"]["selector"]["matchLabels"].items())
        pods = listed(hub, "pods", "--namespace", one["metadata"]["namespace"], "--selector", wanted)
        assert pods
        for pod in pods:
            ports = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]}
            url = f"http://{pod['status']['podIP']}:{ports[endpoint['port']]}{endpoint['path']}"
            (read,), (refused,) = (ask(hub, place, (url, "")) for place in (FRIEND, STRANGER))
            assert read.status == 200
            assert "cloudflared_tunnel_ha_connections" in read.text
            assert refused.status == 0
