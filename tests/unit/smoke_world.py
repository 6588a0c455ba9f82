"""A pretended hub and cluster for `ops smoke`: real sockets on the loopback, objects in a dictionary."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ops.kubectl import Json, Kubectl, NoAnswer
from ops.live import Live
from ops.smoke.visit import Options, Visit
from ops.smoke.way import Detour, Way
from settings import Settings
from settings.door import url
from settings.smoke import USER
from tests.unit.certificates import Made, bundle, root
from tests.unit.documents import Document, settings_of
from tests.unit.loopback import Reply

TOKEN = "1f" * 32
METRICS_TOKEN = "2e" * 32
Asked = tuple[str, str]


def said(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status)


def leads(to: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": to})


@dataclass
class Pretended:
    """What answers, by method and path; without one 404. Who asked, by method, path and header."""

    replies: dict[Asked, Reply | Callable[[], Reply]] = field(default_factory=dict)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    port: int = 0

    def asked_for(self, method: str, path: str) -> bool:
        return (method, path) in {one[:2] for one in self.asked}

    def reply(self, method: str, target: str, headers: Mapping[str, str]) -> Reply:
        self.asked.append((method, target, headers))
        found = self.replies.get((method, target.split("?")[0]), Reply(status=404))
        return found() if callable(found) else found


@contextmanager
def pretended(
    certificate: Made | None = None, chain: tuple[Made, ...] = (), folder: Path = Path()
) -> Iterator[Pretended]:
    """Listen on the loopback; with a certificate by TLS."""
    made = Pretended()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = made.reply(self.command, self.path, dict(self.headers))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 -- the library's names

        def log_message(self, *_: object) -> None:
            """Keep still."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Who does not trust us hangs up."""

    listening = Server(("127.0.0.1", 0), Handler)
    if certificate:
        listening.socket = _context(certificate, chain, folder).wrap_socket(
            listening.socket, server_side=True, do_handshake_on_connect=False
        )
    made.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def _context(certificate: Made, chain: tuple[Made, ...], folder: Path) -> ssl.SSLContext:
    place = folder / "served.pem"
    place.write_text(certificate.key_pem + bundle(certificate, *chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place)
    return context


def trusting(*authorities: Made) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=bundle(*(authorities or (root(),))))
    return context


@dataclass(frozen=True)
class Cluster(Kubectl):
    """Objects by kind, as kubectl gives them; what was deleted; kinds that one may not read."""

    objects: dict[str, list[Json]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    forbidden: tuple[str, ...] = ()
    wrote: list[tuple[str, Json]] = field(default_factory=list)
    raws: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, given: str | None = None, seconds: int = 20) -> str:
        how, kind, *rest = words
        if kind in self.forbidden:
            raise NoAnswer(f"{how} {kind}", f"Error from server (Forbidden): {kind} is forbidden")
        if how == "get" and kind == "--raw":
            return self.raws[rest[0]]
        if how == "get":
            return self._got(kind.rstrip("s"), rest)
        if how == "delete":
            self.deleted.append(f"{kind}/{rest[0]}")
            return ""
        self.wrote.append((how, json.loads(given or "{}")))
        return ""

    def _got(self, kind: str, rest: list[str]) -> str:
        kinds = [one.rstrip("s") for one in kind.split(",")]
        found = [item for one in kinds for item in self.objects.get(one, [])]
        if rest and not rest[0].startswith("--"):
            return (
                json.dumps(next((one for one in found if one["metadata"]["name"] == rest[0]), ""))
                if any(one["metadata"]["name"] == rest[0] for one in found)
                else ""
            )
        if "--selector" in rest:
            wanted = dict(pair.split("=") for pair in rest[rest.index("--selector") + 1].split(","))
            found = [one for one in found if wanted.items() <= one["metadata"].get("labels", {}).items()]
        return json.dumps({"items": found})


def named(kind: str, name: str, *, labels: Document | None = None, **more: object) -> Json:
    """An object; `annotations` belong to its metadata, all else stands beside it."""
    meta = {"name": name, "labels": labels or {}, "annotations": more.pop("annotations", {})}
    return {"kind": kind, "metadata": meta | {"resourceVersion": "1"}, **more}


def of_user(kind: str, name: str, user: str = USER, **more: object) -> Json:
    component = "singleuser-storage" if kind == "PersistentVolumeClaim" else "singleuser-server"
    labels = {"component": component, "app.kubernetes.io/managed-by": "kubespawner"}
    return named(kind, name, labels=labels, annotations={"hub.jupyter.org/username": user}, **more)


def running_hub() -> Json:
    """The hub's Deployment, with its Secrets mounted as the chart does it."""
    volumes = [
        {"name": "secret", "secret": {"secretName": "hub"}},
        {"name": "existing-secret", "secret": {"secretName": "credentials-2"}},
    ]
    mounts = [
        {"name": name, "mountPath": f"/usr/local/etc/jupyterhub/{name}/"}
        for name in ("secret", "existing-secret")
    ]
    spec = {"template": {"spec": {"volumes": volumes, "containers": [{"volumeMounts": mounts}]}}}
    return named("Deployment", "hub", spec=spec)


def credentials(name: str = "credentials-2", token: str = TOKEN) -> Json:
    keys = {"hub.services.smoke.apiToken": token, "hub.services.prometheus.apiToken": METRICS_TOKEN}
    return named(
        "Secret", name, data={key: base64.b64encode(text.encode()).decode() for key, text in keys.items()}
    )


def visit_of(
    hub: Pretended | None,
    objects: dict[str, list[Json]] | None = None,
    *,
    settings: Settings | None = None,
    trust: ssl.SSLContext | None = None,
    **options: Any,  # noqa: ANN401 -- those of Options
) -> Visit:
    """A run against what is pretended: a detour leads from the address of the settings to the loopback."""
    document = settings or settings_of("local")
    there = {"deployment": [running_hub()], "secret": [credentials()]} | (objects or {})
    address = url(document.ingress, document.tls) if trust else f"http://{document.ingress.host}"
    detours = (Detour("", "", "127.0.0.1", str(hub.port)),) if hub else ()
    return Visit(
        live=Live("local", document, Cluster(document.namespace.name, objects=there)),
        way=Way(address, detours, trust or ssl.create_default_context()),
        options=Options(profile=document.profiles[0], **options),
        tell=lambda _: None,
    )
