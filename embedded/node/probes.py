"""Whether a part answers: small questions over its own protocol, each over within a second or two."""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import ssl
import struct
from pathlib import Path

from embedded.node.outside import entered

QUICK = 2.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=QUICK)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _asks(connection: http.client.HTTPConnection, path: str) -> int:
    """The status of a GET; 0 when nobody answers."""
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def unix_http_ok(path: Path, url: str) -> bool:
    """Whether a server on a unix socket says 200."""
    return _asks(_UnixConnection(path), url) == http.client.OK


def http_ok(address: str, port: int, url: str) -> bool:
    """Whether a plain server says 200."""
    return _asks(http.client.HTTPConnection(address, port, timeout=QUICK), url) == http.client.OK


def https_status(address: str, port: int, url: str, ca: Path) -> int:
    """What a server says whose certificate comes from our authority; 0 when nobody (or another) answers."""
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except OSError:
        return 0
    return _asks(http.client.HTTPSConnection(address, port, timeout=QUICK, context=context), url)


def socket_open(path: Path) -> bool:
    """Whether something listens on a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(QUICK)
        return int(probe.connect_ex(os.fspath(path))) == 0


def port_open(address: str, port: int, namespace: Path | None = None) -> bool:
    """Whether somebody listens, on this machine or in a network namespace of it."""
    with entered(namespace):
        probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with probe:
        probe.settimeout(QUICK)
        return int(probe.connect_ex((address, port))) == 0


def dns_answers(server: str, name: str) -> bool:
    """Whether a DNS server knows the address of a name."""
    number = secrets.randbelow(1 << 16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(QUICK)
        try:
            probe.sendto(question, (server, 53))
            answer = probe.recv(512)
        except OSError:
            return False
    found, flags, _, answers = struct.unpack(">HHHH", answer[:8])
    return bool(found == number and flags & 0x000F == 0 and answers > 0)
