"""Connections to the stack's public address, under its real name and with its certificate checked, always."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from ops.ending import Cannot

_PAIR = re.compile(r"(?P<host>[^:]*):(?P<port>\d*):(?P<address>\[[^]]+\]|[^:]*):(?P<local>\d*)")
_SECONDS = 30.0
Headers = Mapping[str, str]


class Unreachable(Exception):
    """Why no answer came, in words."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)

    def json(self) -> Any:  # noqa: ANN401 -- JSON
        """Read the body; what is no JSON is None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def header(self, name: str) -> str:
        """Give a header, or nothing."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Detour:
    """Where to connect instead of a host and port; empty parts stand for any, or for the same.

    A star in front stands for all names below one.
    """

    host: str
    port: str
    address: str
    local: str

    @classmethod
    def read(cls, text: str) -> Detour:
        """Read HOST:PORT:ADDRESS:PORT."""
        if found := _PAIR.fullmatch(text.strip()):
            return cls(**found.groupdict())
        raise Cannot(
            f"--connect-to {text!r} is not of the form HOST:PORT:ADDRESS:PORT.\n"
            "    What follows: it is not known where to connect.\n"
            "    What to do:   write for example hub.example.org:443:127.0.0.1:8443."
        )

    def fits(self, host: str, port: int) -> bool:
        """Whether it is about this host and port."""
        named = self.host in ("", host) or (self.host[:2] == "*." and host.endswith(self.host[1:]))
        return named and self.port in ("", str(port))

    def target(self, host: str, port: int) -> tuple[str, int]:
        """Give where to go."""
        return self.address.strip("[]") or host, int(self.local or port)


@dataclass(frozen=True)
class Way:
    """How the public address is reached, and whom to believe there."""

    url: str
    detours: tuple[Detour, ...]
    trust: ssl.SSLContext = field(repr=False)

    @property
    def host(self) -> str:
        """The host that people type."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port that people type, or do not."""
        parts = urlsplit(self.url)
        return parts.port or (443 if self.encrypted else 80)

    @property
    def encrypted(self) -> bool:
        """Whether there is TLS."""
        return self.url.startswith("https:")

    def at(self, host: str) -> Way:
        """Give the same way to another host."""
        return replace(self, url=urlsplit(self.url)._replace(netloc=_netloc(host, self.url)).geturl())

    def leads_to(self, port: int) -> bool:
        """Whether it is known where the host's other port is: beside a detour the name means nothing."""
        return not self.detours or any(one.fits(self.host, port) for one in self.detours)

    def plain(self, port: int | None = None) -> socket.socket:
        """Connect to the host, without TLS."""
        wanted = (self.host, port or self.port)
        there = next((one.target(*wanted) for one in self.detours if one.fits(*wanted)), wanted)
        try:
            return socket.create_connection(there, timeout=_SECONDS)
        except OSError as error:
            raise Unreachable(f"{there[0]}:{there[1]}: {words_of(error)}") from error

    def connected(self) -> socket.socket:
        """Connect as a browser does; a certificate that does not hold is ssl's own error."""
        bare = self.plain()
        if not self.encrypted:
            return bare
        try:
            return self.trust.wrap_socket(bare, server_hostname=self.host)
        except ssl.SSLCertVerificationError:
            bare.close()
            raise
        except OSError as error:
            bare.close()
            raise Unreachable(f"{self.host}:{self.port}: {words_of(error)}") from error

    def ask(self, method: str, path: str, headers: Headers | None = None, given: object = None) -> Answer:
        """Ask for one page."""
        with self.asked(method, path, headers, given) as answer:
            try:
                return Answer(answer.status, dict(answer.getheaders()), answer.read())
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"{path}: {words_of(error)}") from error

    @contextmanager
    def asked(
        self, method: str, path: str, headers: Headers | None = None, given: object = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Ask, and give the answer while it still comes."""
        connection = http.client.HTTPConnection(self.host, self.port)
        body = None if given is None else json.dumps(given).encode()
        try:
            connection.sock = self.connected()
            sent = {"Host": self.url.partition("://")[2], "Accept": "*/*", **(headers or {})}
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            raise Unreachable(f"its certificate does not hold: {error.verify_message}") from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable(f"{method} {path}: {words_of(error)}") from error
        try:
            yield answer
        finally:
            connection.close()


def _netloc(host: str, url: str) -> str:
    port = urlsplit(url).port
    return f"{host}:{port}" if port else host


def lines(answer: http.client.HTTPResponse) -> Iterator[str]:
    """Give the lines of an answer as they come; an end before its time ends them as well."""
    try:
        while line := answer.readline():
            yield line.decode(errors="replace").strip()
    except (OSError, http.client.HTTPException):
        return


def words_of(error: Exception) -> str:
    """Say why a connection failed."""
    if isinstance(error, socket.gaierror):
        return "the name is not known"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
