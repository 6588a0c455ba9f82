"""STUBS of Trino and DataHub, run as a program in a pod: the least of their REST that a client needs.

Neither has packages for this machine. Whatever they answer says that it comes from a stub: no query is
computed, and metadata lie in memory as they came.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

VERSION = "stub"
PORT = 8080
Json = dict[str, Any]


class Stub(BaseHTTPRequestHandler):
    """Answer JSON, or that there is no such thing."""

    answers: ClassVar[Callable[[str, str, str, bytes], Json | None]]

    def do_GET(self) -> None:
        """Answer."""
        self._answer("GET", b"")

    def do_POST(self) -> None:
        """Answer to what was sent."""
        self._answer("POST", self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    do_DELETE = do_GET  # noqa: N815

    def _answer(self, method: str, body: bytes) -> None:
        found = type(self).answers(self.headers.get("Host", ""), method, self.path, body)
        text = json.dumps({} if found is None else found).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def trino(host: str, method: str, path: str, _body: bytes) -> Json | None:
    """Answer every query with one row that names the stub."""
    stats = {"state": "FINISHED", "queued": False, "scheduled": True}
    query = {"id": "stub_0", "infoUri": f"http://{host}/ui/stub_0", "stats": stats, "warnings": []}
    if path == "/v1/info":
        return {
            "nodeVersion": {"version": VERSION},
            "environment": "stub",
            "coordinator": True,
            "starting": False,
        }
    if path == "/v1/statement" and method == "POST":
        return {**query, "nextUri": f"http://{host}/v1/statement/stub_0/1"}
    if path.startswith("/v1/statement/stub_0"):
        signature = {"rawType": "varchar", "arguments": [{"kind": "LONG", "value": 64}]}
        columns = [{"name": "answered_by", "type": "varchar", "typeSignature": signature}]
        return {**query, "columns": columns, "data": [["a stub, no Trino"]]}
    return None


_KEPT: dict[tuple[str, str], Json] = {}


def datahub(_host: str, method: str, path: str, body: bytes) -> Json | None:
    """Keep aspects of metadata, and give them back."""
    place = urlsplit(path)
    if place.path == "/config":
        return {"noCode": "true", "versions": {"acryldata/datahub": {"version": VERSION}}}
    if place.path == "/aspects" and method == "POST":
        proposal = json.loads(body)["proposal"]
        _KEPT[proposal["entityUrn"], proposal["aspectName"]] = json.loads(proposal["aspect"]["value"])
        return {"value": proposal["entityUrn"]}
    if place.path.startswith("/aspects/"):
        asked = parse_qs(place.query)["aspect"][0]
        return _aspect(unquote(place.path.removeprefix("/aspects/")), asked)
    return None


def _aspect(urn: str, name: str) -> Json | None:
    found = _KEPT.get((urn, name))
    if found is None:
        return None
    full = f"com.linkedin.dataset.{name[:1].upper()}{name[1:]}"
    return {"version": 0, "aspect": {full: found}}


def main() -> None:
    """Serve one of the two."""
    Stub.answers = staticmethod({"trino": trino, "datahub": datahub}[sys.argv[1]])
    ThreadingHTTPServer(("", PORT), Stub).serve_forever()


if __name__ == "__main__":
    main()
