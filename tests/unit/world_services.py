"""Services of the pretended world on this machine's loopback, each in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedded.node import pki
from embedded.world.service import Port, Service

Run = Callable[[Service], Awaitable[None]]


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def service(
    ports: tuple[Port, ...], facts: Mapping[str, Any], names: tuple[str, ...], place: Path
) -> Service:
    """A service with certificates of an authority below `place`."""
    pairs = {name: pki.ingress_certificate(place, name) for name in names}
    return Service(
        ports=ports,
        certificates={name: (pair.certificate, pair.key) for name, pair in pairs.items()},
        facts=facts,
    )


@contextmanager
def running(run: Run, made: Service) -> Iterator[None]:
    """Let it run until the block ends."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(_until_cancelled(run, made))
    thread = threading.Thread(target=loop.run_until_complete, args=(task,), daemon=True)
    thread.start()
    try:
        for port in made.ports:
            _await(port)
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        loop.close()


async def _until_cancelled(run: Run, made: Service) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await run(made)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # A closed connection lets go of its socket only with the loop's next turn.
    await asyncio.sleep(0.05)


def _await(port: Port) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex((port.address, port.port)) == 0:
                return
        threading.Event().wait(0.05)
    raise AssertionError(f"{port} does not answer")
