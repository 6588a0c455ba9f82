"""One pod with a volume, a Service and an Ingress on the running node, and what can be asked of it."""

from __future__ import annotations

import base64
import secrets
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from embedded import images
from embedded.node import pki
from embedded.node.layout import NODE_NAME, Layout, Options
from embedded.paths import find

Json = dict[str, Any]

# Serves the file of the volume; on an upgrade it answers 101 and sends back whatever comes.
SERVER = textwrap.dedent(
    """
    import http.server, os, pathlib, secrets
    FILE = pathlib.Path("/data/content")
    FILE.exists() or FILE.write_text(secrets.token_hex(16))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            if self.headers.get("Upgrade") == "websocket":
                self.send_response(101)
                self.send_header("Connection", "Upgrade")
                self.send_header("Upgrade", "websocket")
                self.end_headers()
                self.wfile.write(self.connection.recv(64))
                self.close_connection = True
                return
            body = FILE.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
    """
)


@dataclass(frozen=True)
class Workload:
    """The pod and its way through the ingress."""

    place: Layout
    options: Options
    namespace: str
    session: requests.Session

    @property
    def host(self) -> str:
        return f"{self.namespace}.localhost"

    def call(self, method: str, path: str, document: Json | None = None) -> requests.Response:
        server = f"https://127.0.0.1:{self.options.api_port}"
        return self.session.request(method, server + path, json=document, timeout=30)

    def read(self, path: str) -> Json:
        answer = self.call("GET", path)
        assert answer.ok, answer.text
        found: Json = answer.json()
        return found

    def node(self) -> Json:
        return self.read(f"/api/v1/nodes/{NODE_NAME}")

    def container(self) -> str:
        """Which container runs: another one after a restart."""
        pod = self.read(f"/api/v1/namespaces/{self.namespace}/pods/web")
        return str(pod["status"]["containerStatuses"][0]["containerID"])

    def content(self) -> str:
        """The volume's file, asked of the pod at its own address."""
        pod = self.read(f"/api/v1/namespaces/{self.namespace}/pods/web")
        return str(self.session.get(f"http://{pod['status']['podIP']}:8080/", timeout=20).text)

    def through_ingress(self) -> str:
        """The volume's file, asked over HTTPS as a browser would."""
        # The certificate is valid for 127.0.0.1 too; the route is chosen by the Host header.
        answer = self.session.get(
            f"https://127.0.0.1:{self.options.https_port}/",
            headers={"Host": self.host},
            verify=str(self.place.paths.pki / "ingress-ca.crt"),
            timeout=20,
        )
        return str(answer.text) if answer.ok else f"status {answer.status_code}"

    def create_privileged_in_restricted(self) -> requests.Response:
        name = f"{self.namespace}-strict"
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        container = {"name": "c", "image": "x", "securityContext": {"privileged": True}}
        try:
            return self.call(
                "POST",
                f"/api/v1/namespaces/{name}/pods",
                {"metadata": {"name": "p"}, "spec": {"containers": [container]}},
            )
        finally:
            self.call("DELETE", f"/api/v1/namespaces/{name}")


def wait_for(what: Callable[[], bool], meaning: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"it never came: {meaning}"
        time.sleep(0.3)


@contextmanager
def workload(place: Layout, options: Options) -> Iterator[Workload]:
    """Make it, wait until its file comes through the ingress, and remove it in the end."""
    admin = pki.pair(place.paths.pki, "admin")
    with requests.Session() as session:
        # Else a CA bundle or proxy that the environment names would come before ours.
        session.trust_env = False
        session.cert = (str(admin.certificate), str(admin.key))
        session.verify = str(place.paths.pki / "ca.crt")
        made = Workload(place, options, f"node-{secrets.token_hex(3)}", session)
        try:
            for path, document in _documents(made):
                answer = made.call("POST", path, document)
                assert answer.ok, answer.text
            wait_for(lambda: _serves(made), "the pod's page through the ingress")
            yield made
        finally:
            made.call("DELETE", f"/api/v1/namespaces/{made.namespace}")


def _serves(made: Workload) -> bool:
    pod = made.read(f"/api/v1/namespaces/{made.namespace}/pods/web")
    return bool(pod["status"].get("podIP")) and len(made.through_ingress()) == len(secrets.token_hex(16))


def _documents(made: Workload) -> Iterator[tuple[str, Json]]:
    inside = f"/api/v1/namespaces/{made.namespace}"
    pair = pki.ingress_certificate(made.place.paths.pki, made.host)
    yield "/api/v1/namespaces", {"metadata": {"name": made.namespace}}
    yield (
        f"{inside}/secrets",
        {
            "metadata": {"name": "tls"},
            "type": "kubernetes.io/tls",
            "data": {
                "tls.crt": base64.b64encode(pair.certificate.read_bytes()).decode(),
                "tls.key": base64.b64encode(pair.key.read_bytes()).decode(),
            },
        },
    )
    yield (
        f"{inside}/persistentvolumeclaims",
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        },
    )
    yield f"{inside}/serviceaccounts", {"metadata": {"name": "web"}}
    yield f"{inside}/pods", _pod()
    service = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    yield f"{inside}/services", {"metadata": {"name": "web"}, "spec": service}
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": made.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    yield (
        f"/apis/networking.k8s.io/v1/namespaces/{made.namespace}/ingresses",
        {
            "metadata": {"name": "web"},
            "spec": {"tls": [{"hosts": [made.host], "secretName": "tls"}], "rules": [rule]},
        },
    )


def _pod() -> Json:
    image = images.ensure(find())["notebook"].ref
    container = {
        "name": "web",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python3", "-u", "-c", SERVER],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    spec = {
        "containers": [container],
        "volumes": [volume],
        "serviceAccountName": "web",
        "terminationGracePeriodSeconds": 1,
    }
    return {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": spec}
