#!/usr/bin/python3
"""Plays Cloudflare's connector: its arguments, its probes, and a simple wire to a pretend edge.

One connection to the edge says who we are and learns where requests go; for each request the edge asks
on it for a new connection, whose bytes then flow between the edge and the origin as they are.
Standard library only: the image has nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

EDGES = ("region1.v2.argotunnel.com", "region2.v2.argotunnel.com")
EDGE_PORT = 7844
CONNECT_SECONDS = 5.0
# The edge says something every five seconds; a line that is silent for longer is dead.
SILENCE_SECONDS = 20.0
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
GRACE_SECONDS = 30.0
LONGEST_LINE = 8192
CHUNK = 65536
OK, UNAVAILABLE, NOT_FOUND = "200 OK", "503 Service Unavailable", "404 Not Found"


class Address(NamedTuple):
    """Where something listens."""

    host: str
    port: int


class Wire(NamedTuple):
    """Both directions of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Refused(Exception):
    """The other side said no, or nothing that makes sense."""


def log(words: str) -> None:
    """Write a line where a container's lines go."""
    sys.stderr.write(f"{words}\n")


def origin_of(url: str) -> Address:
    """Read where requests go: the edge knows it, as Cloudflare does, and not the command line."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise Refused(f"the edge names an origin that cannot be used: {url!r}")
    return Address(parts.hostname, parts.port or 80)


@contextlib.asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Wire]:
    """Open a connection for as long as it is needed."""
    # Not `wait_for`: in Python 3.11 it loses a cancellation that comes as the connection does.
    async with asyncio.timeout(CONNECT_SECONDS):
        wire = Wire(*await asyncio.open_connection(*address, limit=LONGEST_LINE))
    try:
        yield wire
    finally:
        wire.writer.close()


async def read_line(wire: Wire, seconds: float = SILENCE_SECONDS) -> str:
    """Read one line; a closed line and one that is too long are both the end of it."""
    try:
        async with asyncio.timeout(seconds):
            found = await wire.reader.readline()
    except TimeoutError as error:
        raise Refused(f"no word for {seconds:.0f} s") from error
    except ValueError as error:
        raise Refused("a line without an end") from error
    if not found.endswith(b"\n"):
        raise Refused("the connection was closed")
    return found.decode(errors="replace").strip()


async def write_line(wire: Wire, words: str) -> None:
    """Write one line."""
    wire.writer.write(f"{words}\n".encode())
    await wire.writer.drain()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand bytes on until one side ends, and hand on that end too."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def join(one: Wire, other: Wire) -> None:
    """Let both directions flow until both have ended."""
    await asyncio.gather(copy(one.reader, other.writer), copy(other.reader, one.writer))


@dataclass
class Connector:
    """Keeps a line to the edge and serves what comes over it."""

    token: str
    edges: Sequence[Address]
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    ready: bool = False
    requests: int = 0
    streams: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Stay connected for ever: one edge after the other, with pauses that grow."""
        wait = SHORTEST_PAUSE
        while True:
            for edge in self.edges:
                before = self.ready
                try:
                    await self._serve(edge)
                except (Refused, OSError, TimeoutError) as error:
                    log(f"{edge.host}: {type(error).__name__}: {error}")
                was_ready, self.ready = self.ready or before, False
                wait = SHORTEST_PAUSE if was_ready else wait
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_PAUSE)

    async def _serve(self, edge: Address) -> None:
        async with connected(edge) as wire:
            await write_line(wire, f"CONTROL {self.token}")
            word, _, rest = (await read_line(wire)).partition(" ")
            if word != "ORIGIN":
                raise Refused(rest or word)
            origin = origin_of(rest)
            log(f"Registered tunnel connection with {edge.host}; requests go to {origin.host}:{origin.port}")
            self.ready = True
            while True:
                await self._obey(wire, await read_line(wire), edge, origin)

    async def _obey(self, wire: Wire, line: str, edge: Address, origin: Address) -> None:
        word, _, rest = line.partition(" ")
        if word == "PING":
            await write_line(wire, "PONG")
        elif word == "DIAL":
            self.requests += 1
            self._start(self._stream(rest, edge, origin))
        else:
            raise Refused(f"the edge said {word!r}")

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self.streams.add(task)
        task.add_done_callback(self.streams.discard)

    async def _stream(self, number: str, edge: Address, origin: Address) -> None:
        try:
            async with connected(edge) as outside:
                await write_line(outside, f"STREAM {self.token} {number}")
                await self._to_origin(outside, origin)
        except (OSError, TimeoutError) as error:
            log(f"stream {number}: {type(error).__name__}: {error}")

    async def _to_origin(self, outside: Wire, origin: Address) -> None:
        try:
            async with connected(origin) as inside:
                await write_line(outside, "OPEN")
                await join(outside, inside)
        except (OSError, TimeoutError) as error:
            log(f"{origin.host}:{origin.port}: {type(error).__name__}: {error}")
            await write_line(outside, f"FAILED {type(error).__name__}")

    async def finish(self, seconds: float = GRACE_SECONDS) -> None:
        """Let requests under way come to their end."""
        if self.streams:
            await asyncio.wait(self.streams, timeout=seconds)

    def answer(self, path: str) -> tuple[str, str]:
        """Answer a probe or a scrape: status and body."""
        if path == "/ready":
            count = int(self.ready)
            body = {"status": 200 if count else 503, "readyConnections": count, "connectorId": self.identity}
            return (OK if count else UNAVAILABLE), json.dumps(body)
        if path == "/metrics":
            numbers = {"ha_connections": int(self.ready), "total_requests": self.requests}
            return OK, "".join(f"cloudflared_tunnel_{name} {value}\n" for name, value in numbers.items())
        return NOT_FOUND, ""

    async def probe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request to the metrics port."""
        wire = Wire(reader, writer)
        with contextlib.suppress(Refused, OSError):
            asked = (await read_line(wire)).split(" ")
            while await read_line(wire):
                pass  # headers
            status, body = self.answer(asked[1] if len(asked) > 1 else "")
            await write_line(
                wire,
                f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
                f"Connection: close\r\n\r\n{body}",
            )
        writer.close()


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read cloudflared's own command line, as far as it runs a tunnel by token."""
    parser = argparse.ArgumentParser(prog="cloudflared")
    parser.add_argument("command", choices=["tunnel"])
    parser.add_argument("action", choices=["run"])
    parser.add_argument("--no-autoupdate", action="store_true")
    parser.add_argument("--metrics", default="127.0.0.1:2000")
    parser.add_argument("--token", default=os.environ.get("TUNNEL_TOKEN", ""))
    for ignored in ("--loglevel", "--protocol", "--grace-period"):
        parser.add_argument(ignored)
    found = parser.parse_args(arguments)
    if not found.token or any(mark.isspace() for mark in found.token):
        parser.error("no token: set TUNNEL_TOKEN")
    return found


async def main(given: argparse.Namespace) -> None:
    """Run until told to stop; then take no more requests and let those under way end."""
    connector = Connector(given.token, [Address(host, EDGE_PORT) for host in EDGES])
    host, _, port = given.metrics.rpartition(":")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with await asyncio.start_server(connector.probe, host or None, int(port)):
        line = asyncio.create_task(connector.run())
        await stop.wait()
        line.cancel()
        connector.ready = False
        await connector.finish()


if __name__ == "__main__":
    asyncio.run(main(options(sys.argv[1:])))
