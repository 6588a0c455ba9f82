"""Services that the stack names and this machine has not: found, reached, and said to be absent."""

from __future__ import annotations

from embedded.world import head, pipe
from embedded.world.service import Port, Service
from embedded.world.serving import serve


async def run(service: Service) -> None:
    """Answer 503 to everything."""

    async def handle(_: Port, client: pipe.Stream) -> None:
        asked = await head.read(client[0])
        name = asked.get("host") or "This service"
        text = f"{name} is not here: the world around this node knows its name and address only."
        client[1].write(head.answer("503 Service Unavailable", text))
        await client[1].drain()

    await serve(service, handle)
