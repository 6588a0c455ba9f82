"""The life of a plugin process: a port for the engine, and an end when the engine ends."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2_grpc

from embedded.providers.server import Plugin, Servicer

# The engine asks for many resources at once and each wait holds a thread; Cancel must still find one.
THREADS = 256
PARENT_LOOK_SECONDS = 1.0
GRACE_SECONDS = 20.0


def run(plugin: Plugin) -> None:
    """Serve until the engine goes away; the port on standard output is what the engine waits for."""
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(THREADS), options=unlimited)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(plugin), server)  # type: ignore[no-untyped-call, unused-ignore]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=_end_with_parent, args=(plugin, os.getppid()), daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def _end_with_parent(plugin: Plugin, parent: int) -> None:
    """End when the engine was killed; Helm gets the time to record its release as failed."""
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
    plugin.cancel()
    deadline = time.monotonic() + GRACE_SECONDS
    while plugin.busy() and time.monotonic() < deadline:
        time.sleep(0.1)
    os._exit(0)
