"""Is a service up? Asked with the standard library alone, with a time-out, and told apart by what fails.

First its name, then a connection, then a question in the service's own protocol. What goes through the
company's HTTP proxy is asked through it.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import struct
import urllib.error
import urllib.request
from collections.abc import Callable
from time import monotonic

from platform_services.catalogue import Service
from platform_services.errors import NotReachable, Reason

TIMEOUT = 5.0
_POSTGRES_TLS = struct.pack("!II", 8, 80877103)
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_SETTINGS_FRAME = 4
_CLIENT = b"platform-services"
_API_VERSIONS = 18
_DOWN = 500
_ENCRYPTED = {"SSL", "SASL_SSL"}
# Where each says how it is. Those that are left out are asked for the address itself.
_HEALTH = {"trino": "/v1/info", "mlflow": "/health", "datahub": "/config"}


class _Left:
    """The seconds that are left of a time-out that counts for the whole of a check."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    def __call__(self) -> float:
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def knock(service: Service, timeout: float = TIMEOUT) -> None:
    """Return when the service is up; raise NotReachable with the reason when it is not."""
    try:
        _PROTOCOLS.get(service.kind, _http)(service, _Left(timeout))
    except NotReachable:
        raise
    except Exception as error:
        reason, detail = told(error, timeout)
        raise _no(service, reason, detail) from None


def told(error: BaseException, timeout: float = TIMEOUT) -> tuple[Reason, str]:
    """Say in plain words what an error of the network means."""
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return told(error.reason, timeout)
    for kinds, reason, detail in _MEANINGS:
        if isinstance(error, kinds):
            return reason, detail.format(timeout=timeout, error=_plain(error))
    return "answer", f"it answers with what this service never says ({type(error).__name__})."


_MEANINGS: tuple[tuple[tuple[type[BaseException], ...], Reason, str], ...] = (
    ((socket.gaierror,), "name", "no resolver knows its name."),
    ((ssl.SSLCertVerificationError,), "tls", "its certificate is not accepted: {error}."),
    ((TimeoutError,), "time-out", "no answer within {timeout:g} s."),
    ((ssl.SSLError,), "tls", "it speaks no TLS that we do: {error}."),
    ((ConnectionRefusedError,), "refused", "the connection is refused."),
    ((ConnectionError, http.client.RemoteDisconnected, EOFError), "answer", "it hangs up without an answer."),
    ((OSError,), "unreachable", "there is no way to it ({error})."),
)


def _plain(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "handshake failed").replace("_", " ").casefold()
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else type(error).__name__


def _no(service: Service, reason: Reason, detail: str) -> NotReachable:
    return NotReachable(service.name, service.address, reason, detail)


def _dial(service: Service, left: _Left) -> socket.socket:
    return socket.create_connection((service.host, service.port), timeout=left())


def _read(connection: socket.socket, size: int, left: _Left) -> bytes:
    found = b""
    while len(found) < size:
        connection.settimeout(left())
        more = connection.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _proxied(service: Service) -> bool:
    scheme = service.parts.scheme
    return scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(service.host)


def _http(service: Service, left: _Left) -> None:
    """Ask an HTTP service. That it wants to know who asks is an answer too: it is up."""
    if not _proxied(service):
        _dial(service, left).close()
    place = service.url.rstrip("/") + _HEALTH.get(service.kind, "/")
    try:
        # An opener of its own: the library's common one keeps the proxies of its first use.
        with urllib.request.build_opener().open(place, timeout=left()) as answer:
            said = answer.read(1 << 16)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        if refusal.code >= _DOWN:
            raise _no(service, "answer", f"it answers that it does not work (HTTP {refusal.code}).") from None
        return
    if service.kind == "trino" and _starting(said):
        raise _no(service, "answer", "it is starting, and takes no queries yet.")


def _starting(said: bytes) -> bool:
    found = json.loads(said)
    return bool(found.get("starting"))


def _postgresql(service: Service, left: _Left) -> None:
    with _dial(service, left) as connection:
        connection.sendall(_POSTGRES_TLS)
        if _read(connection, 1, left) not in {b"S", b"N"}:
            raise _no(service, "answer", "it does not speak PostgreSQL's protocol.")


def _kafka(service: Service, left: _Left) -> None:
    """Ask which versions a broker speaks: the one question that it answers before anybody signs in."""
    head = struct.pack("!hhih", _API_VERSIONS, 0, 1, len(_CLIENT)) + _CLIENT
    with _secured(service, left) as connection:
        connection.sendall(struct.pack("!i", len(head)) + head)
        _, correlation = struct.unpack("!ii", _read(connection, 8, left))
    if correlation != 1:
        raise _no(service, "answer", "it does not speak Kafka's protocol.")


def _secured(service: Service, left: _Left) -> socket.socket:
    plain = _dial(service, left)
    if (service.variable("KAFKA_SECURITY_PROTOCOL") or "").upper() not in _ENCRYPTED:
        return plain
    trust = ssl.create_default_context(cafile=os.environ.get("KAFKA_SSL_CA_LOCATION"))
    plain.settimeout(left())
    return trust.wrap_socket(plain, server_hostname=service.host)


def _ray(service: Service, left: _Left) -> None:
    """Greet Ray's gRPC port: its first frame are its settings."""
    with _dial(service, left) as connection:
        connection.sendall(_HTTP2)
        if _read(connection, 9, left)[3] != _SETTINGS_FRAME:
            raise _no(service, "answer", "it does not speak Ray's protocol (gRPC).")


_PROTOCOLS: dict[str, Callable[[Service, _Left], None]] = {
    "postgresql": _postgresql,
    "kafka": _kafka,
    "ray": _ray,
}
