"""Requests and answers of the provider's pages and endpoints, one for each connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from embedded.console import say
from embedded.world import head, pipe
from embedded.world.service import Port, Service
from embedded.world.serving import serve

LONGEST_BODY = 64 * 1024
_REASONS = {
    200: "OK",
    204: "No Content",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    accept: str
    authorization: str
    target: str
    body: bytes = b""

    @property
    def bearer(self) -> str:
        """The access token; GitHub takes the scheme `token` as well."""
        scheme, _, token = self.authorization.partition(" ")
        return token.strip() if scheme.lower() in {"bearer", "token"} else ""


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before it is sent."""
    cut: bool = False
    """Nothing is sent: the connection ends."""


def as_json(document: object, status: int = 200) -> Answer:
    """Answer a program."""
    return Answer(status, json.dumps(document).encode(), "application/json", {"Cache-Control": "no-store"})


def as_page(html: str, status: int = 200) -> Answer:
    """Answer a person."""
    return Answer(status, html.encode(), "text/html; charset=utf-8", {"Cache-Control": "no-store"})


def sent_to(url: str) -> Answer:
    """Send a browser elsewhere."""
    return Answer(302, headers={"Location": url, "Cache-Control": "no-store"})


Respond = Callable[[Request], Answer]


async def run(service: Service, respond: Respond) -> None:
    """Serve over HTTPS."""

    async def handle(_: Port, stream: pipe.Stream) -> None:
        request = await _request(stream)
        try:
            answer = respond(request)
        except Exception as error:
            # Whatever it is, the hub must get an answer.
            say(f"{request.method} {request.host}{request.path}: {error!r}")
            answer = Answer(500, b"The pretended provider failed; its log says how.")
        # Without the query: it may hold a code.
        say(f"{request.method} {request.host}{request.path} -> {answer.status}")
        await asyncio.sleep(answer.delay)
        if not answer.cut:
            stream[1].write(_bytes(answer))
            await stream[1].drain()

    await serve(service, handle)


async def _request(stream: pipe.Stream) -> Request:
    asked = await head.read(stream[0])
    method, target = asked.words[:2]
    length = int(asked.get("content-length") or 0)
    if length > LONGEST_BODY:
        raise ValueError("a body that is too long")
    body = await stream[0].readexactly(length) if length else b""
    parts = urlsplit(target)
    return Request(
        method=method,
        host=asked.get("host").partition(":")[0].lower(),
        path=parts.path,
        query=dict(parse_qsl(parts.query)),
        form=dict(parse_qsl(body.decode())) if "json" not in asked.get("content-type") else {},
        accept=asked.get("accept"),
        authorization=asked.get("authorization"),
        target=target,
        body=body,
    )


def _bytes(answer: Answer) -> bytes:
    fields = {
        "Content-Type": answer.kind,
        "Content-Length": str(len(answer.body)),
        "Connection": "close",
        **answer.headers,
    }
    first = f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Answer')}"
    return bytes(head.Head(first, tuple(fields.items()))) + answer.body
