"""Is a service up? Each way of not being up is told by its own word, within the time-out that was given."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from platform_services import NotReachable, Service, doors

from embedded.node import pki

Talk = Callable[[socket.socket], None]
RAY_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
PROXIES = (
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "KAFKA_SECURITY_PROTOCOL",
    "SSL_CERT_FILE",
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in PROXIES:
        monkeypatch.delenv(variable, raising=False)


@contextmanager
def listening(talk: Talk) -> Iterator[int]:
    """Accept connections on a port of this machine, and talk on each."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with contextlib.suppress(OSError), connection:
                    talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


def saying(answer: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return talk


def http(status: str, body: bytes = b"{}") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def service(kind: str, port: int, host: str = "127.0.0.1", scheme: str = "http") -> Service:
    return Service(kind, kind, f"{scheme}://{host}:{port}")


def refusal(told: Service, timeout: float = 5.0) -> NotReachable:
    with pytest.raises(NotReachable) as found:
        doors.knock(told, timeout)
    return found.value


UP = {
    "postgresql": b"S",
    "kafka": b"\0\0\0\6\0\0\0\1\0\0",
    "ray": RAY_SETTINGS,
    "trino": http("200 OK", b'{"starting": false}'),
    "mlflow": http("200 OK", b"OK"),
    "datahub": http("200 OK"),
    "minio": http("403 Forbidden"),
    "gitlab": http("401 Unauthorized"),
    "artifactory": http("404 Not Found"),
}


@pytest.mark.parametrize("kind", UP)
def test_a_service_that_answers_in_its_own_protocol_is_up(kind: str) -> None:
    with listening(saying(UP[kind])) as port:
        doors.knock(service(kind, port), 20)


@pytest.mark.parametrize("kind", UP)
def test_another_program_at_the_port_is_not_the_service(kind: str) -> None:
    with listening(saying(b"220 mail.example ready\r\n")) as port:
        assert refusal(service(kind, port), 20).reason == "answer"


@pytest.mark.parametrize("kind", UP)
def test_one_that_hangs_up_is_told_from_one_that_says_nothing(kind: str) -> None:
    with listening(lambda _connection: None) as port:
        assert refusal(service(kind, port), 20).reason == "answer"
    silence = threading.Event()

    def wait(_connection: socket.socket) -> None:
        silence.wait(30)

    with listening(wait) as port:
        begun = time.monotonic()
        found = refusal(service(kind, port), 0.5)
        silence.set()
    assert found.reason == "time-out"
    assert "0.5 s" in found.detail
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("kind", UP)
def test_a_closed_port_is_refused_and_an_unknown_name_is_unknown(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refusal(service(kind, port)).reason == "refused"
    assert refusal(service(kind, port, "no-such-host.invalid"), 20).reason == "name"


def test_a_service_that_says_it_does_not_work_is_not_up() -> None:
    with listening(saying(http("503 Service Unavailable"))) as port:
        assert "HTTP 503" in refusal(service("mlflow", port), 20).detail
    with listening(saying(http("200 OK", b'{"starting": true}'))) as port:
        assert "starting" in refusal(service("trino", port), 20).detail


def test_a_certificate_of_an_unknown_authority_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = pki.authority(tmp_path, "mine", "mine")
    pair = pki.leaf_certificate(tmp_path, authority, pki.Leaf("leaf", "localhost", hosts=("localhost",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            secure.sendall(http("200 OK"))

    with listening(talk) as port:
        mine = service("gitlab", port, "localhost", "https")
        found = refusal(mine, 20)
        assert (found.reason, "certificate" in found.detail) == ("tls", True)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        doors.knock(mine, 20)
    with listening(saying(http("400 Bad Request"))) as port:
        assert refusal(service("gitlab", port, "localhost", "https"), 20).reason == "tls"


def test_what_goes_through_the_companys_proxy_is_asked_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(saying(http("200 OK"))) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        doors.knock(Service("gitlab", "gitlab", "http://no-such-host.invalid"), 20)


def test_one_that_answers_byte_by_byte_does_not_outlive_the_time_out() -> None:
    def drip(connection: socket.socket) -> None:
        for _ in range(20):
            connection.sendall(b"\0")
            time.sleep(0.3)

    with listening(drip) as port:
        assert refusal(service("kafka", port), 1).reason == "time-out"


def test_every_reason_says_what_follows_and_what_to_do() -> None:
    for reason in ("name", "refused", "time-out", "unreachable", "tls", "credentials", "answer"):
        said = str(NotReachable("trino", "trino.trino:8080", reason, "it is so."))
        assert "What follows: " in said
        assert "What to do:   " in said
