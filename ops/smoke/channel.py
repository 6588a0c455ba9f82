"""A websocket over a connection of ours, read and written by one thread.

Not by the library's own connections: they read in a second thread, and with TLS a handshake now and then
waits for ever, since OpenSSL's connections are not made for two threads at once.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

_AT_ONCE = 65536
_SECONDS = 60.0


class Closed(Exception):
    """The other side ended the connection."""


class NotOpened(Exception):
    """The other side speaks no websocket there: what it answered instead."""


class Channel:
    """An open websocket, message by message."""

    def __init__(self, connected: socket.socket, url: str, headers: Mapping[str, str]) -> None:
        self._socket = connected
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self._events: deque[Any] = deque()
        self._parts: list[bytes] = []
        try:
            self._open(headers)
        except BaseException:
            connected.close()
            raise

    def _open(self, headers: Mapping[str, str]) -> None:
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        try:
            answer = self._next(time.monotonic() + _SECONDS)
        except Closed as closed:
            raise NotOpened(str(self._protocol.handshake_exc or closed)) from closed
        if refused := self._protocol.handshake_exc:
            status = answer.status_code if isinstance(answer, Response) else type(refused).__name__
            raise NotOpened(f"it answers {status}") from refused

    def send(self, text: str) -> None:
        """Send a message."""
        try:
            self._protocol.send_text(text.encode())
            self._flush()
        except (OSError, WebSocketException) as error:
            raise Closed("the connection broke off") from error

    def receive(self, end: float) -> str:
        """Give the next text; it must have come by then, on the clock of time.monotonic."""
        while True:
            event = self._next(end)
            if not isinstance(event, Frame) or event.opcode not in (Opcode.TEXT, Opcode.CONT):
                continue
            self._parts.append(bytes(event.data))
            if event.fin:
                text = b"".join(self._parts).decode(errors="replace")
                self._parts.clear()
                return text

    def close(self) -> None:
        """End it; the other side may be gone already."""
        try:
            self._protocol.send_close()
            self._flush()
        except (OSError, WebSocketException):
            pass
        finally:
            self._socket.close()

    def _next(self, end: float) -> Any:  # noqa: ANN401 -- the library's events
        while not self._events:
            self._flush()
            self._socket.settimeout(max(end - time.monotonic(), 0.001))
            data = self._socket.recv(_AT_ONCE)
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            self._events.extend(self._protocol.events_received())
            if not data and not self._events:
                raise Closed("the connection broke off")
        # Answers to pings among them.
        self._flush()
        return self._events.popleft()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.settimeout(_SECONDS)
                self._socket.sendall(data)
