"""The egress proxy, the tunnel's edge and the database relay of the pretended world, over loopback."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embedded.node import outside
from embedded.world import edge, head, pipe, plan, proxy, relay, service, silence
from embedded.world.service import Port
from tests.unit import world_services
from tests.unit.world_services import free_port, running

HOST = "hub.example"
TOKEN = "eyJh-the-token-of-the-tunnel"
ORIGIN = "http://proxy-public.hub.svc.cluster.local:80"


class Echo(BaseHTTPRequestHandler):
    """Tells what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade"):
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "websocket")
            self.end_headers()
            while data := self.connection.recv(64):
                self.connection.sendall(data.upper())
            self.close_connection = True
            return
        body = f"{self.path}\n{self.headers}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


# The proxy.


@pytest.fixture
def egress(origin: int, tmp_path: Path) -> Iterator[int]:
    port = free_port()
    facts = {"known": {"known.example:443": ["127.0.0.1", origin], "dead.example:443": ["127.0.0.1", 1]}}
    with running(proxy.run, world_services.service((Port("127.0.0.1", port),), facts, (), tmp_path)):
        yield port


def test_the_proxy_makes_a_tunnel_to_a_name_that_it_knows(egress: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", egress, timeout=5)
    connection.set_tunnel("known.example", 443)
    connection.request("GET", "/through")
    assert connection.getresponse().read().startswith(b"/through\n")
    connection.close()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("CONNECT unknown.example:443", 403),
        ("CONNECT known.example:22", 403),
        ("CONNECT 127.0.0.1:443", 403),
        ("CONNECT dead.example:443", 502),
        ("GET http://known.example:443/", 405),
    ],
)
def test_the_proxy_refuses_all_else(egress: int, asked: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", egress), timeout=5) as client:
        client.sendall(f"{asked} HTTP/1.1\r\n\r\n".encode())
        assert client.makefile("rb").readline().split()[1] == str(status).encode()


# The edge.


class Connector:
    """What the connector's program does: one control connection, and a stream for each request."""

    def __init__(self, port: int, origin: int, token: str = TOKEN) -> None:
        self.port, self.origin, self.token = port, origin, token
        self.control = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.control.sendall(f"CONTROL {token}\n".encode())
        self.lines = self.control.makefile("r")
        self.said = self.lines.readline().strip()
        self.serving = threading.Thread(target=self._serve, daemon=True)
        self.serving.start()

    def _serve(self) -> None:
        try:
            for line in self.lines:
                word, *rest = line.split()
                if word == "PING":
                    self.control.sendall(b"PONG\n")
                elif word == "DIAL":
                    threading.Thread(target=self._stream, args=(rest[0],), daemon=True).start()
        except OSError:
            return

    def _stream(self, name: str) -> None:
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        stream.sendall(f"STREAM {self.token} {name}\n".encode())
        try:
            there = socket.create_connection(("127.0.0.1", self.origin), timeout=5)
        except OSError as error:
            stream.sendall(f"FAILED {error}\n".encode())
            stream.close()
            return
        stream.sendall(b"OPEN\n")
        back = threading.Thread(target=_copy, args=(there, stream), daemon=True)
        back.start()
        _copy(stream, there)
        back.join(5)
        stream.close()
        there.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        self.serving.join(5)
        self.lines.close()
        self.control.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def tunnel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int, ssl.SSLContext]]:
    """The connectors' port, the door, and a browser's trust."""
    inner, door = free_port(), free_port()
    monkeypatch.setattr(edge, "EDGE_PORT", inner)
    facts = {"tunnels": [{"host": HOST, "token": TOKEN, "origin": ORIGIN}]}
    ports = (Port("127.0.0.1", inner), Port("127.0.0.1", door, tls=True, door=True))
    made = world_services.service(ports, facts, (HOST,), tmp_path)
    with running(edge.run, made):
        yield inner, door, ssl.create_default_context(cafile=str(tmp_path / "ingress-ca.crt"))


def browser(door: int, trust: ssl.SSLContext, name: str = HOST) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", door), timeout=5)
    try:
        return trust.wrap_socket(plain, server_hostname=name)
    except ssl.SSLError:
        plain.close()
        raise


def ask(door: int, trust: ssl.SSLContext, *fields: str, host: str = HOST) -> tuple[int, str]:
    with browser(door, trust) as client:
        lines = ["GET /hub/login HTTP/1.1", f"Host: {host}", *fields, "", ""]
        client.sendall("\r\n".join(lines).encode())
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer.status, answer.read().decode()


def test_a_request_goes_through_the_tunnel_and_is_said_to_be_https(
    tunnel: tuple[int, int, ssl.SSLContext], origin: int
) -> None:
    inner, door, trust = tunnel
    connector = Connector(inner, origin)
    assert connector.said == f"ORIGIN {ORIGIN}"
    status, said = ask(door, trust, "X-Forwarded-Proto: http", "X-Forwarded-For: 198.51.100.1")
    assert status == 200
    assert said.startswith("/hub/login\n")
    assert said.count("X-Forwarded-Proto: https") == said.count("X-Forwarded-Proto") == 1
    # What a client says of itself is not believed.
    assert "198.51.100.1" not in said
    assert "Connection: close" in said
    connector.close()


def test_a_websocket_passes_both_ways(tunnel: tuple[int, int, ssl.SSLContext], origin: int) -> None:
    inner, door, trust = tunnel
    connector = Connector(inner, origin)
    with browser(door, trust) as client:
        client.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode()
        )
        answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 101")
        while not answer.endswith(b"\r\n\r\n"):
            answer += client.recv(4096)
        for word in (b"one", b"two"):
            client.sendall(word)
            assert client.recv(64) == word.upper()
    connector.close()


def test_without_a_connector_people_get_cloudflares_number(
    tunnel: tuple[int, int, ssl.SSLContext], origin: int
) -> None:
    inner, door, trust = tunnel
    assert ask(door, trust)[0] == 530
    connector = Connector(inner, origin)
    assert ask(door, trust)[0] == 200
    connector.close()
    threading.Event().wait(0.3)
    assert ask(door, trust)[0] == 530


def test_a_connector_that_went_is_asked_no_more(tunnel: tuple[int, int, ssl.SSLContext], origin: int) -> None:
    inner, door, trust = tunnel
    gone, left = Connector(inner, origin), Connector(inner, origin)
    gone.close()
    threading.Event().wait(0.3)
    assert [ask(door, trust)[0] for _ in range(4)] == [200] * 4
    left.close()


def test_an_origin_that_is_away_is_told(tunnel: tuple[int, int, ssl.SSLContext]) -> None:
    inner, door, trust = tunnel
    connector = Connector(inner, 1)
    status, said = ask(door, trust)
    assert status == 530
    assert "cannot reach" in said
    connector.close()


def test_another_token_opens_nothing(tunnel: tuple[int, int, ssl.SSLContext], origin: int) -> None:
    inner, door, trust = tunnel
    connector = Connector(inner, origin, token="eyJh-of-another")
    assert connector.said.startswith("REFUSED")
    assert ask(door, trust)[0] == 530
    connector.close()


def test_another_host_has_neither_certificate_nor_way(tunnel: tuple[int, int, ssl.SSLContext]) -> None:
    _, door, trust = tunnel
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLError):
        browser(door, careless, "other.example")
    assert ask(door, trust, host="other.example")[0] == 404
    with pytest.raises(ssl.SSLError):
        browser(door, careless, f"ada.{HOST}")
    assert ask(door, trust, host=f"ada.{HOST}")[0] == 404


def test_names_below_the_host_go_the_same_way_where_they_have_a_certificate(
    origin: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, door = free_port(), free_port()
    monkeypatch.setattr(edge, "EDGE_PORT", inner)
    facts = {"tunnels": [{"host": HOST, "token": TOKEN, "origin": ORIGIN}]}
    ports = (Port("127.0.0.1", inner), Port("127.0.0.1", door, tls=True, door=True))
    made = world_services.service(ports, facts, (HOST, f"*.{HOST}"), tmp_path)
    trust = ssl.create_default_context(cafile=str(tmp_path / "ingress-ca.crt"))
    with running(edge.run, made):
        connector = Connector(inner, origin)
        browser(door, trust, f"ada.{HOST}").close()
        assert ask(door, trust, host=f"ada.{HOST}")[0] == 200
        assert ask(door, trust, host=f"a.b.{HOST}")[0] == 404
        connector.close()


# Relay and silence.


def test_the_relay_passes_bytes_as_they_are(origin: int, tmp_path: Path) -> None:
    port = free_port()
    facts = {"targets": {f"127.0.0.1:{port}": ["127.0.0.1", origin]}}
    with running(relay.run, world_services.service((Port("127.0.0.1", port),), facts, (), tmp_path)):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/relayed")
        assert connection.getresponse().read().startswith(b"/relayed\n")
        connection.close()


def test_an_end_is_passed_on_as_an_end() -> None:
    """Whoever has said everything still gets the answer."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        await pipe.close(writer)

    async def asked() -> bytes:
        inner = await asyncio.start_server(target, "127.0.0.1", 0)
        way = inner.sockets[0].getsockname()

        async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await pipe.join((reader, writer), await asyncio.open_connection(*way))

        outer = await asyncio.start_server(joined, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname())
        writer.write(b"all of it")
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        await pipe.close(writer)
        await asyncio.sleep(0.05)
        inner.close()
        outer.close()
        return answer

    assert asyncio.run(asked()) == b"ALL OF IT"


def test_what_is_not_here_says_so(tmp_path: Path) -> None:
    port = free_port()
    with running(silence.run, world_services.service((Port("127.0.0.1", port),), {}, (), tmp_path)):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/", headers={"Host": "s3.example"})
        answer = connection.getresponse()
        assert answer.status == 503
        assert b"s3.example is not here" in answer.read()
        connection.close()


# What all of them share.


def test_a_configuration_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = world_services.service(
        (Port("10.0.0.1", 443, tls=True), Port("127.0.0.1", 8453, tls=True, door=True)),
        {"known": {"a": ["b", 1]}},
        (HOST,),
        tmp_path,
    )
    (tmp_path / "file.json").write_text(service.written(made))
    assert service.read(tmp_path / "file.json") == made


def test_a_field_that_hides_another_is_refused() -> None:
    async def parsed() -> head.Head:
        reader = asyncio.StreamReader()
        reader.feed_data(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        return await head.read(reader)

    with pytest.raises(ValueError, match="a field that is none"):
        asyncio.run(parsed())


def test_the_outside_s_own_addresses_are_nobodys_else() -> None:
    """The cable between machine and namespace lies in no range that a stack or the node uses."""
    assert outside.GATEWAY.startswith("10.202.")
    assert plan.PUBLIC == "192.88.99.0/24"
