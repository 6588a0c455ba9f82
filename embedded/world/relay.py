"""The database's outside address, led to the server in the cluster as raw TCP: TLS is the server's own."""

from __future__ import annotations

import asyncio

from embedded.world import pipe
from embedded.world.service import Port, Service
from embedded.world.serving import serve


async def run(service: Service) -> None:
    """Lead each port to its target; a Service's address is known to the machine, not to the namespace."""
    targets = service.facts["targets"]

    async def handle(port: Port, client: pipe.Stream) -> None:
        address, number = targets[f"{port.address}:{port.port}"]
        await pipe.join(client, await asyncio.open_connection(address, number))

    await serve(service, handle)
