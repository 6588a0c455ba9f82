"""The tunnel's edge: HTTPS for public hosts, handed to the cluster through what its connectors opened.

Port 7844 is the connectors': lines in plain text, since nothing of it leaves the machine.
  CONTROL <token>      answered by ORIGIN <url>, then PING now and then, and DIAL <id> for each request
  STREAM <token> <id>  answers a DIAL: after OPEN the request's bytes go both ways
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from embedded.console import say
from embedded.world import head, pipe
from embedded.world.plan import EDGE_PORT
from embedded.world.service import Port, Service, star
from embedded.world.serving import serve

PING_EVERY = 5.0
LOST_AFTER = 20.0
DIAL_PATIENCE = 10.0
# What a client says of itself is not believed.
_TOLD = ("x-forwarded-proto", "x-forwarded-for", "x-forwarded-host", "cf-connecting-ip", "cf-visitor")


@dataclass
class Way:
    """One tunnel: its connectors, and the requests that wait for a connection through it."""

    host: str
    token: str
    origin: str
    connectors: list[asyncio.StreamWriter] = field(default_factory=list)
    waiting: dict[str, asyncio.Future[pipe.Stream]] = field(default_factory=dict)
    turn: Iterator[int] = field(default_factory=itertools.count)

    async def dial(self) -> pipe.Stream:
        """Ask the connectors in turn for a connection to the origin."""
        if not self.connectors:
            raise ConnectionError("no connector of this tunnel is connected")
        name = secrets.token_hex(8)
        answer = self.waiting[name] = asyncio.get_running_loop().create_future()
        try:
            chosen = self.connectors[next(self.turn) % len(self.connectors)]
            await _say(chosen, f"DIAL {name}")
            return await asyncio.wait_for(answer, DIAL_PATIENCE)
        finally:
            del self.waiting[name]


async def run(service: Service) -> None:
    """Serve connectors and people."""
    ways = [Way(entry["host"], entry["token"], entry["origin"]) for entry in service.facts["tunnels"]]

    async def handle(port: Port, stream: pipe.Stream) -> None:
        if port.port == EDGE_PORT and not port.door:
            await _connector(ways, stream)
        else:
            await _person(ways, {*service.certificates}, stream)

    await serve(service, handle)


async def _connector(ways: list[Way], stream: pipe.Stream) -> None:
    words = await _line(stream)
    way = next((way for way in ways if len(words) > 1 and secrets.compare_digest(way.token, words[1])), None)
    if words == [""]:
        return
    if way is None:
        say("a connector with an unknown token was refused")
        await _say(stream[1], "REFUSED this token is of no tunnel here")
    elif words[0] == "CONTROL":
        await _control(way, stream)
    elif words[0] == "STREAM" and len(words) > 2:
        await _stream(way, words[2], stream)


async def _control(way: Way, stream: pipe.Stream) -> None:
    reader, writer = stream
    await _say(writer, f"ORIGIN {way.origin}")
    way.connectors.append(writer)
    say(f"{way.host}: a connector came; {len(way.connectors)} connected")
    pinging = asyncio.create_task(_ping(writer))
    try:
        while await asyncio.wait_for(reader.readline(), LOST_AFTER):
            pass
    finally:
        pinging.cancel()
        way.connectors.remove(writer)
        say(f"{way.host}: a connector went; {len(way.connectors)} connected")


async def _ping(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while True:
            await asyncio.sleep(PING_EVERY)
            await _say(writer, "PING")


async def _stream(way: Way, name: str, stream: pipe.Stream) -> None:
    words = await _line(stream)
    answer = way.waiting.get(name)
    if answer is None or answer.done():
        return
    if words[0] != "OPEN":
        answer.set_exception(ConnectionError(f"the connector cannot reach {way.origin}: {words[1:]}"))
        return
    answer.set_result(stream)
    # From here on the connection is the request's; it ends when that has closed it.
    await stream[1].wait_closed()


async def _person(ways: list[Way], names: set[str], client: pipe.Stream) -> None:
    asked = await head.read(client[0])
    host = asked.get("host").partition(":")[0].lower()
    # Names below the host only where there is a certificate for them.
    above = host.partition(".")[2] if star(host) in names else host
    way = next((way for way in ways if way.host in (host, above)), None)
    if way is None:
        client[1].write(head.answer("404 Not Found", f"No tunnel leads to {host}."))
        return
    try:
        origin = await way.dial()
    except (OSError, TimeoutError) as error:
        # The status and the number that Cloudflare answers then.
        client[1].write(head.answer("530 Origin Unreachable", f"Error 1033: {error or 'no answer'}"))
        return
    origin[1].write(bytes(_forwarded(asked, client[1].get_extra_info("peername")[0])))
    await pipe.join(client, origin)


def _forwarded(asked: head.Head, address: str) -> head.Head:
    """Say how the request came; one request for each connection, unless it becomes a websocket."""
    added = [("X-Forwarded-Proto", "https"), ("X-Forwarded-For", address), ("Cf-Connecting-Ip", address)]
    if asked.get("upgrade"):
        return asked.but(_TOLD, *added)
    return asked.but((*_TOLD, "connection", "keep-alive"), *added, ("Connection", "close"))


async def _line(stream: pipe.Stream) -> list[str]:
    """Read a line of a connector; an empty one stands for an end."""
    raw = await asyncio.wait_for(stream[0].readline(), LOST_AFTER)
    return raw.decode("ascii", "replace").split() or [""]


async def _say(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(f"{line}\n".encode())
    await writer.drain()
