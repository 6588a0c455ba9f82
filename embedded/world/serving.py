"""Connections to a service of streams: each is handled alone, and one that breaks is no concern of others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from embedded.console import say
from embedded.world import pipe
from embedded.world.service import Port, Service

Handle = Callable[[Port, pipe.Stream], Awaitable[None]]


async def serve(service: Service, handle: Handle) -> None:
    """Answer on every port until the process is told to end."""
    context = service.tls() if any(port.tls for port in service.ports) else None
    servers = [
        await asyncio.start_server(_guarded(handle, port), sock=made, ssl=context if port.tls else None)
        for port, made in service.sockets()
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


def _guarded(handle: Handle, port: Port) -> Callable[..., Awaitable[None]]:
    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(port, (reader, writer))
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            # Whoever only looks whether somebody listens says nothing and goes.
            if not (isinstance(error, asyncio.IncompleteReadError) and not error.partial):
                say(f"a connection ended early: {error!r}")
        finally:
            with contextlib.suppress(OSError):
                await pipe.close(writer)

    return handled
