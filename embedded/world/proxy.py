"""The egress proxy: tunnels (CONNECT) to the outside names that the stacks know, and to nothing else."""

from __future__ import annotations

from embedded.console import say
from embedded.world import head, pipe
from embedded.world.service import Port, Service
from embedded.world.serving import serve


async def run(service: Service) -> None:
    """Serve CONNECT; `known` tells which name with which port lies where."""
    known = service.facts["known"]

    async def handle(_: Port, client: pipe.Stream) -> None:
        asked = await head.read(client[0])
        method, target = asked.words[:2]
        way = known.get(target.lower()) if method == "CONNECT" else None
        say(f"{method} {target}: {'passed' if way else 'refused'}")
        if way is None:
            client[1].write(_refusal(method, target))
            await client[1].drain()
            return
        try:
            there = await service.dial(*way)
        except OSError as error:
            client[1].write(head.answer("502 Bad Gateway", f"{target} does not answer: {error}"))
            await client[1].drain()
            return
        client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await pipe.join(client, there)

    await serve(service, handle)


def _refusal(method: str, target: str) -> bytes:
    if method != "CONNECT":
        return head.answer("405 Method Not Allowed", "This proxy makes tunnels (CONNECT) and nothing else.")
    return head.answer("403 Forbidden", f"This proxy does not know {target}.")
