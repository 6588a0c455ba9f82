"""Servers on this machine for tests of fetching: a Helm repository, an OCI registry; what they were asked."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

USER, PASSWORD = "reader", "not-to-be-shown"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Break off in the middle."""
    late: float = 0.0
    """Be silent so many seconds."""


@dataclass
class Served:
    """What a server answers by path, and the (path, Authorization) pairs that it was asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    encodings: set[str] = field(default_factory=set)
    """Every Accept-Encoding that came."""
    wants: str = ""
    """The Authorization without which nothing below /v2/ or the index is given."""
    challenge: str = ""
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def server() -> Iterator[Served]:
    served = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            path = self.path.split("?")[0]
            served.encodings.add(self.headers.get("Accept-Encoding", ""))
            served.asked.append((self.path, given))
            reply = served.replies.get(path, Reply(status=404))
            if served.wants and given != served.wants and not path.startswith("/token"):
                reply = Reply(status=401, headers={"WWW-Authenticate": served.challenge})
            time.sleep(reply.late)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who had enough of it hangs up
                self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)

        def log_message(self, *_: object) -> None:
            """Keep still."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    served.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def as_registry(served: Served, packed: bytes, tag: str = "4.4.0", media: str = LAYER) -> None:
    """Answer as a registry does that holds one chart, `helm/jupyterhub`."""
    digest = f"sha256:{hashlib.sha256(packed).hexdigest()}"
    layers = [
        {"mediaType": "application/vnd.cncf.helm.chart.provenance.v1.prov", "digest": "sha256:0", "size": 1},
        {"mediaType": media, "digest": digest, "size": len(packed)},
    ]
    manifest = json.dumps({"schemaVersion": 2, "layers": layers}).encode()
    served.replies |= {
        f"/v2/helm/jupyterhub/manifests/{tag}": Reply(manifest),
        f"/v2/helm/jupyterhub/blobs/{digest}": Reply(packed),
        "/v2/helm/jupyterhub/tags/list": Reply(json.dumps({"tags": [tag, "1.0.0"]}).encode()),
    }


def forget_surroundings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Take neither proxies nor authorities nor logins from whoever runs the tests."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NETRC", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HELM_REGISTRY_CONFIG", "HELM_CONFIG_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder / "home"))
