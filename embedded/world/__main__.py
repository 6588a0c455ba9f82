"""`python -m embedded.world <role> <file>`: one service of the world, as its configuration file says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from embedded.world import edge, proxy, relay, service, silence
from embedded.world.identity import server
from embedded.world.plan import Role

ROLES: Mapping[Role, Callable[[service.Service], Awaitable[None]]] = {
    "identity": server.run,
    "edge": edge.run,
    "proxy": proxy.run,
    "relay": relay.run,
    "silence": silence.run,
}


async def _run(role: Role, file: Path) -> None:
    await ROLES[role](service.read(file))


if __name__ == "__main__":
    name = next(role for role in ROLES if role == sys.argv[1])
    asyncio.run(_run(name, Path(sys.argv[2])))
