"""A server on this machine that answers as GitLab does about the notes of merge requests."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "glpat-kept-to-ourselves"
ME, SOMEBODY = 501, 7
_NOTES = re.compile(
    r"/api/v4/projects/(?P<project>[^/]+)/merge_requests/(?P<number>\d+)/notes(/(?P<note>\d+))?"
)
Json = Any


@dataclass
class Trouble:
    """What one request gets instead of its answer."""

    status: int
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    done: bool = False
    """The request is carried out all the same; its answer is lost on the way."""


@dataclass
class GitLab:
    """One project, 1, with one merge request, 7."""

    notes: list[dict[str, Json]] = field(default_factory=list)
    trouble: list[Trouble] = field(default_factory=list)
    """For the next requests, each for one."""
    asked: list[str] = field(default_factory=list)
    before_writing: Callable[[], None] | None = None
    """What another pipeline does just before a note is written."""
    token: str = TOKEN
    port: int = 0
    scheme: str = "http"
    page: int = 2
    """So many notes on a page at most, whatever is asked for."""

    @property
    def api(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/api/v4"

    def say(self, text: str, author: int = SOMEBODY) -> int:
        number = len(self.asked) * 100 + len(self.notes) + 1
        self.notes.append({"id": number, "body": text, "author": {"id": author}, "system": False})
        return number

    def answer(self, method: str, url: str, body: Json) -> tuple[int, Json, dict[str, str]]:
        path = urlsplit(url).path
        if path == "/api/v4/user":
            return 200, {"id": ME, "username": "project_1_bot"}, {}
        found = _NOTES.fullmatch(path)
        if not found or (found["project"], found["number"]) != ("1", "7"):
            return 404, {"message": "404 Not found"}, {}
        if found["note"]:
            return self._one(method, int(found["note"]), body)
        if method == "POST":
            if self.before_writing:
                act, self.before_writing = self.before_writing, None
                act()
            return 201, {"id": self.say(body["body"], ME)}, {}
        return self._listed(parse_qs(urlsplit(url).query))

    def _one(self, method: str, number: int, body: Json) -> tuple[int, Json, dict[str, str]]:
        note = next((one for one in self.notes if one["id"] == number), None)
        if note is None or note["author"]["id"] != ME:
            return 404, {"message": "404 Note Not Found"}, {}
        if method == "DELETE":
            self.notes.remove(note)
            return 204, None, {}
        note["body"] = body["body"]
        return 200, note, {}

    def _listed(self, asked: dict[str, list[str]]) -> tuple[int, Json, dict[str, str]]:
        size = min(int(asked.get("per_page", ["20"])[0]), self.page)
        page = int(asked.get("page", ["1"])[0])
        ordered = sorted(self.notes, key=lambda one: int(one["id"]), reverse=asked.get("sort") != ["asc"])
        more = len(ordered) > page * size
        shown = ordered[(page - 1) * size : page * size]
        return 200, shown, {"x-next-page": str(page + 1) if more else "", "x-page": str(page)}


@contextmanager
def gitlab(certificate: Path | None = None) -> Iterator[GitLab]:
    """Answer on loopback; with a certificate (and its key, in one file) over TLS."""
    held = GitLab(scheme="https" if certificate else "http")
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(held))
    listening.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    held.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def _handler(held: GitLab) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            given = json.loads(self.rfile.read(size)) if size else None
            held.asked.append(f"{self.command} {self.path}")
            trouble = held.trouble.pop(0) if held.trouble else None
            if self.headers.get("PRIVATE-TOKEN") != held.token or self.headers.get("Authorization"):
                self._send(401, json.dumps({"message": "401 Unauthorized"}), {})
            elif trouble:
                if trouble.done:
                    held.answer(self.command, self.path, given)
                self._send(trouble.status, trouble.body, trouble.headers)
            else:
                status, document, headers = held.answer(self.command, self.path, given)
                self._send(status, "" if document is None else json.dumps(document), headers)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 -- http.server's names

        def _send(self, status: int, body: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Keep still."""

    return Handler
