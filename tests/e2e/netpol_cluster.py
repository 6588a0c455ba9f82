"""Pods, policies and Services on the running node, and the way to ask what the pods can reach."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from embedded.netpol import api
from embedded.node.layout import NODE_IP
from embedded.paths import find
from tests.e2e import netpol_agent

Json = dict[str, Any]
Target = tuple[str, str, int]
AGENT = Path(netpol_agent.__file__).read_text()
COMMANDS, ON_HOST = 9000, 18080
HOST_COMMANDS = 18090
TIMEOUT = 0.8
HOMES = {"web": "red", "api": "red", "client": "blue", "db": "blue", "other": "green", "onhost": "green"}


def wait_for(what: Callable[[], object], meaning: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"it never came: {meaning}"
        time.sleep(0.2)


@dataclass
class Cluster:
    """The test's own namespaces, by the short names of the table."""

    server: str
    session: requests.Session
    image: str = ""
    suffix: str = field(default_factory=lambda: secrets.token_hex(3))
    addresses: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, document: Json | None = None, patch: bool = False) -> Json:
        kind = "application/merge-patch+json" if patch else "application/json"
        answer = self.session.request(
            method, self.server + path, json=document, headers={"Content-Type": kind}, timeout=30
        )
        assert answer.ok, f"{method} {path}: {answer.text}"
        found: Json = answer.json()
        return found

    def namespace(self, name: str) -> str:
        return f"netpol-{name}-{self.suffix}"

    def path(self, namespace: str, kind: str, name: str = "") -> str:
        group = "/apis/networking.k8s.io/v1" if kind == "networkpolicies" else "/api/v1"
        return f"{group}/namespaces/{self.namespace(namespace)}/{kind}" + (f"/{name}" if name else "")

    def create_namespace(self, name: str) -> None:
        meta = {"name": self.namespace(name), "labels": {"team": name}}
        self.call("POST", "/api/v1/namespaces", {"metadata": meta})
        account = f"/api/v1/namespaces/{self.namespace(name)}/serviceaccounts/default"
        wait_for(lambda: self.session.get(self.server + account, timeout=30).ok, f"account of {name}")

    def pod(self, namespace: str, name: str, labels: dict[str, str], **more: object) -> None:
        """Create a pod with an agent; `ports`, `env` and `host` are what differs."""
        ports, env, on_host = more.get("ports", []), more.get("env", {}), bool(more.get("host"))
        assert isinstance(env, dict)
        command_port = HOST_COMMANDS if on_host else COMMANDS
        settings = {
            "AGENT_HTTP": command_port,
            "AGENT_TCP": "8080 8081 8082",
            "AGENT_UDP": "8080 5353",
            **env,
        }
        container = {
            "name": "agent",
            "image": self.image,
            "imagePullPolicy": "Never",
            "command": ["python3", "-u", "-c", AGENT],
            "env": [{"name": key, "value": str(value)} for key, value in settings.items()],
            "ports": ports,
            "readinessProbe": {"httpGet": {"path": "/", "port": command_port}, "periodSeconds": 1},
        }
        spec = {
            "containers": [container],
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "hostNetwork": on_host,
        }
        meta = {"name": name, "labels": labels}
        self.call("POST", self.path(namespace, "pods"), {"metadata": meta, "spec": spec})

    def ready(self, namespace: str, name: str) -> None:
        """Wait until the pod's probe succeeded, and note its address."""

        def succeeded() -> bool:
            status = self.call("GET", self.path(namespace, "pods", name))["status"]
            self.addresses[name] = status.get("podIP", "")
            conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
            return conditions.get("Ready") == "True"

        wait_for(succeeded, f"pod {name} is ready")

    def service(self, namespace: str, name: str, **spec: object) -> None:
        made = self.call("POST", self.path(namespace, "services"), {"metadata": {"name": name}, "spec": spec})
        self.addresses[f"{name}-service"] = made["spec"]["clusterIP"]

    def policies(self, wanted: list[tuple[str, Json]]) -> None:
        """Exactly these policies in our namespaces; the new ones come before the old ones go."""
        name = f"p{secrets.token_hex(4)}"
        for number, (namespace, spec) in enumerate(wanted):
            document = {"metadata": {"name": f"{name}-{number}"}, "spec": {"podSelector": {}, **spec}}
            self.call("POST", self.path(namespace, "networkpolicies"), document)
        for namespace in ("red", "blue", "green"):
            for old in self.call("GET", self.path(namespace, "networkpolicies"))["items"]:
                if not old["metadata"]["name"].startswith(name):
                    self.call("DELETE", self.path(namespace, "networkpolicies", old["metadata"]["name"]))

    def ask(self, pod: str, **command: object) -> object:
        """Command a pod's agent: from the host, which always reaches its pods."""
        at = self.addresses[pod]
        port = HOST_COMMANDS if at == NODE_IP else COMMANDS
        answer = self.session.post(f"http://{at}:{port}/", json=command, timeout=30)
        answer.raise_for_status()
        document: object = answer.json()
        return document

    def tries(self, source: str, targets: list[Target]) -> list[bool]:
        """Whether connections from a pod (or from the node itself) succeed."""
        if source == "node":
            return [netpol_agent.attempt(list(target), TIMEOUT) for target in targets]
        results = self.ask(source, do="try", targets=targets, timeout=TIMEOUT)
        assert isinstance(results, list)
        return results

    def reach(self, wanted: list[tuple[str, Target]]) -> list[bool]:
        """All of these connections at once, in the order given."""
        by_source: dict[str, list[Target]] = {}
        for source, target in wanted:
            by_source.setdefault(source, []).append(target)
        with ThreadPoolExecutor(len(by_source)) as pool:
            answers = dict(zip(by_source, pool.map(self.tries, by_source, by_source.values()), strict=True))
        queues = {source: iter(results) for source, results in answers.items()}
        return [next(queues[source]) for source, _ in wanted]

    def helper_image(self) -> str:
        nodes = self.call("GET", "/api/v1/nodes")["items"]
        images = [image for node in nodes for image in node["status"].get("images") or ()]
        # An image that a newer one took the name from is listed with names: null.
        names = [name for image in images for name in image["names"] or ()]
        return next((name for name in names if name.startswith("localhost/jupyterhub/helper:")), "")

    def close(self) -> None:
        """Delete everything of ours; asked again and again, since the API server may be away for a moment."""

        def gone() -> bool:
            with contextlib.suppress(requests.RequestException, AssertionError):
                items = self.call("GET", "/api/v1/namespaces")["items"]
                ours = [item for item in items if item["metadata"]["name"].endswith(self.suffix)]
                for item in ours:
                    if item["status"]["phase"] == "Active":
                        self.call("DELETE", f"/api/v1/namespaces/{item['metadata']['name']}")
                return not ours
            return False

        wait_for(gone, "the test's namespaces are gone")


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """The running node with our pods on it, ready; everything is deleted at the end."""
    with api.access(find().kubeconfig) as access:
        session = access.session()
        made = Cluster(access.server, session)
        wait_for(made.helper_image, "the node lists the helper image")
        made.image = made.helper_image()
        try:
            _furnish(made)
            yield made
        finally:
            made.close()


def _furnish(made: Cluster) -> None:
    for name in ("red", "blue", "green"):
        made.create_namespace(name)
    udp = {"name": "dns", "containerPort": 5353, "protocol": "UDP"}
    made.pod("red", "web", {"app": "web"}, ports=[{"name": "http", "containerPort": 8080}, udp])
    made.pod("red", "api", {"app": "api"}, ports=[{"name": "http", "containerPort": 8081}])
    made.pod("blue", "client", {"app": "client"})
    made.pod("blue", "db", {"app": "db"})
    made.pod("green", "other", {"app": "client"})
    on_host = {"AGENT_ADDRESS": NODE_IP, "AGENT_TCP": ON_HOST, "AGENT_UDP": ON_HOST}
    made.pod("green", "onhost", {"app": "client"}, host=True, env=on_host)
    ports = [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
    ]
    made.service("red", "web", selector={"app": "web"}, ports=ports)
    for name, namespace in HOMES.items():
        made.ready(namespace, name)
    made.addresses["kubernetes"] = made.call("GET", "/api/v1/namespaces/default/services/kubernetes")["spec"][
        "clusterIP"
    ]
    # kube-proxy follows Services with a delay of its own, which is none of the policies' business.
    service = made.addresses["web-service"]
    wait_for(
        lambda: all(made.reach([("client", ("TCP", service, 80)), ("client", ("UDP", service, 53))])),
        "the Service works",
    )
