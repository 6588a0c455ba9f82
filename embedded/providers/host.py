"""The engine's log, where progress and warnings of a resource go."""

from __future__ import annotations

import contextlib
import threading

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from embedded.providers.lifecycle import Urn


class Host:
    """Sends lines to the engine; a line that cannot be sent is lost, never an error."""

    def __init__(self, address: str) -> None:
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()
        self._stub = (
            engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None  # type: ignore[no-untyped-call, unused-ignore]
        )

    def status(self, urn: Urn, text: str) -> None:
        """Show what is going on, once per change."""
        with self._lock:
            if self._last.get(urn.text, "") == text:
                return
            self._last[urn.text] = text
        self._send(urn, text, engine_pb2.INFO, ephemeral=True)

    def warning(self, urn: Urn, text: str) -> None:
        """Show a warning that stays."""
        self._send(urn, text, engine_pb2.WARNING, ephemeral=False)

    def _send(self, urn: Urn, text: str, severity: int, *, ephemeral: bool) -> None:
        if self._stub is None:
            return
        request = engine_pb2.LogRequest(
            severity=severity,  # type: ignore[arg-type, unused-ignore]
            message=text,
            urn=urn.text,
            ephemeral=ephemeral,
        )
        with contextlib.suppress(grpc.RpcError):
            self._stub.Log(request, timeout=5)
