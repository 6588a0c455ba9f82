"""The stand-in for the tunnel's connector, against an edge of the tests' own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from embedded.images.connector import cloudflared
from embedded.images.connector.cloudflared import Address, Connector, Refused, Wire, options, origin_of

TOKEN = "eyJhIjoiYSJ9"
PATIENCE = 5.0


@dataclass
class Edge:
    """Plays the other end: keeps the lines that connectors open."""

    greeting: str
    controls: asyncio.Queue[Wire] = field(default_factory=asyncio.Queue)
    streams: asyncio.Queue[tuple[str, Wire]] = field(default_factory=asyncio.Queue)

    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        word, token, *rest = (await reader.readline()).decode().split()
        assert token == TOKEN
        if word == "CONTROL":
            writer.write(f"{self.greeting}\n".encode())
            await self.controls.put(Wire(reader, writer))
        else:
            await self.streams.put((rest[0], Wire(reader, writer)))


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Address]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Address(*server.sockets[0].getsockname()[:2])


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer only once the whole request is there: its end must arrive too."""
    writer.write((await reader.read()).upper())
    writer.close()


@asynccontextmanager
async def running(edge: Edge) -> AsyncIterator[Connector]:
    async with listening(edge.accept) as address:
        connector = Connector(TOKEN, [address])
        work = asyncio.create_task(connector.run())
        try:
            yield connector
        finally:
            work.cancel()
            await asyncio.wait([work])
            for writer in edge.writers:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()


async def soon(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.01)


def line(edge: Edge) -> Awaitable[Wire]:
    return asyncio.wait_for(edge.controls.get(), PATIENCE)


def stream(edge: Edge) -> Awaitable[tuple[str, Wire]]:
    return asyncio.wait_for(edge.streams.get(), PATIENCE)


def test_a_request_goes_to_the_origin_that_the_edge_names_and_its_answer_back() -> None:
    async def scene() -> None:
        async with listening(shout) as origin:
            edge = Edge(f"ORIGIN http://{origin.host}:{origin.port}")
            async with running(edge) as connector:
                control = await line(edge)
                control.writer.write(b"DIAL seven\n")
                number, wire = await stream(edge)
                assert number == "seven"
                assert await wire.reader.readline() == b"OPEN\n"
                wire.writer.write(b"get / and more")
                wire.writer.write_eof()
                assert await asyncio.wait_for(wire.reader.read(), PATIENCE) == b"GET / AND MORE"
                assert connector.requests == 1
                await soon(lambda: not connector.streams)

    asyncio.run(scene())


def test_an_origin_that_is_away_is_said_and_the_line_stays() -> None:
    async def scene() -> None:
        edge = Edge("ORIGIN http://127.0.0.1:1")
        async with running(edge) as connector:
            control = await line(edge)
            control.writer.write(b"DIAL one\nPING\n")
            _, wire = await stream(edge)
            assert (await wire.reader.readline()).startswith(b"FAILED ")
            assert await wire.reader.read() == b""
            assert await control.reader.readline() == b"PONG\n"
            assert connector.ready

    asyncio.run(scene())


def test_it_is_ready_only_while_the_edge_knows_it() -> None:
    async def scene() -> None:
        edge = Edge("ORIGIN http://origin")
        async with running(edge) as connector:
            assert connector.answer("/ready")[0].startswith("503")
            control = await line(edge)
            await soon(lambda: connector.ready)
            status, body = connector.answer("/ready")
            assert status.startswith("200")
            assert json.loads(body)["readyConnections"] == 1
            control.writer.close()
            await soon(lambda: not connector.ready)
            await line(edge)
            await soon(lambda: connector.ready)

    asyncio.run(scene())


def test_a_silent_edge_is_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        edge = Edge("ORIGIN http://origin")
        async with running(edge) as connector:
            await line(edge)
            await line(edge)
            assert not connector.streams

    monkeypatch.setattr(cloudflared.read_line, "__defaults__", (0.1,))
    monkeypatch.setattr(cloudflared, "SHORTEST_PAUSE", 0.01)
    asyncio.run(scene())


def test_a_refused_token_is_never_ready() -> None:
    async def scene() -> None:
        edge = Edge("REFUSED unknown tunnel")
        async with running(edge) as connector:
            await line(edge)
            await asyncio.sleep(0.05)
            assert not connector.ready

    asyncio.run(scene())


def test_what_is_under_way_may_end_and_what_hangs_does_not_hold_up_the_end() -> None:
    async def scene() -> None:
        connector = Connector(TOKEN, [])
        connector._start(asyncio.sleep(0.01))
        connector._start(asyncio.sleep(60))
        await connector.finish(0.1)
        assert len(connector.streams) == 1

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("path", "status"), [("/ready", "503"), ("/metrics", "200"), ("/quicktunnel", "404")]
)
def test_the_metrics_port_answers_probes(path: str, status: str) -> None:
    async def scene() -> bytes:
        async with listening(Connector(TOKEN, []).probe) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            found = await asyncio.wait_for(reader.read(), PATIENCE)
            writer.close()
            await writer.wait_closed()
            return found

    assert asyncio.run(scene()).startswith(f"HTTP/1.1 {status} ".encode())


def test_the_arguments_are_cloudflared_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNNEL_TOKEN", TOKEN)
    found = options(["tunnel", "--no-autoupdate", "--metrics", "0.0.0.0:2000", "run"])
    assert (found.token, found.metrics) == (TOKEN, "0.0.0.0:2000")


@pytest.mark.parametrize("token", ["", "two words", "a\nline"])
def test_a_token_that_cannot_be_one_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNNEL_TOKEN", token)
    with pytest.raises(SystemExit):
        options(["tunnel", "run"])
    assert "TUNNEL_TOKEN" in capsys.readouterr().err


def test_an_origin_is_a_plain_address_of_the_cluster() -> None:
    assert origin_of("http://proxy-public.jupyter.svc.cluster.local") == (
        "proxy-public.jupyter.svc.cluster.local",
        80,
    )
    assert origin_of("http://proxy-public:8000") == ("proxy-public", 8000)
    for wrong in ("https://proxy-public", "proxy-public:80", "http://"):
        with pytest.raises(Refused):
            origin_of(wrong)
