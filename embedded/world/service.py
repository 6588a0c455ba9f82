"""What every service of the world has: where it listens, with which certificates, how it reaches others."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.node.outside import entered

BACKLOG = 64


@dataclass(frozen=True)
class Port:
    """One address and port; on the machine's loopback it is a door for browsers."""

    address: str
    port: int
    tls: bool = False
    door: bool = False


@dataclass(frozen=True)
class Service:
    """A service as its configuration file says it."""

    ports: tuple[Port, ...]
    namespace: Path | None = None
    certificates: Mapping[str, tuple[Path, Path]] = field(default_factory=dict)
    """By name: certificate and key."""
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What only this service understands."""

    def sockets(self) -> list[tuple[Port, socket.socket]]:
        """Listen everywhere; doors are the machine's, all else lies in the namespace."""
        return [(port, _listen(None if port.door else self.namespace, port)) for port in self.ports]

    def tls(self) -> ssl.SSLContext:
        """Serve each name with its own certificate, or that of its star; no other name is served."""
        contexts = {name: _context(*pair) for name, pair in self.certificates.items()}
        first = _context(*next(iter(self.certificates.values())))

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            found = contexts.get(str(name)) or contexts.get(star(str(name)))
            if found is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = found
            return None

        first.sni_callback = choose
        return first

    async def dial(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to something in the namespace."""
        with entered(self.namespace):
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, (address, port))
        except OSError:
            made.close()
            raise
        return await asyncio.open_connection(sock=made)


def star(name: str) -> str:
    """Give what stands for a name and all others beside it."""
    return f"*.{name.partition('.')[2]}"


def read(file: Path) -> Service:
    """Read a configuration file."""
    found = json.loads(file.read_text())
    return Service(
        ports=tuple(Port(**entry) for entry in found["ports"]),
        namespace=Path(found["namespace"]) if found["namespace"] else None,
        certificates={
            name: (Path(certificate), Path(key)) for name, (certificate, key) in found["certificates"].items()
        },
        facts=found["facts"],
    )


def written(service: Service) -> str:
    """Write what `read` reads."""
    return json.dumps(
        {
            "ports": [vars(port) for port in service.ports],
            "namespace": str(service.namespace) if service.namespace else None,
            "certificates": {name: list(map(str, pair)) for name, pair in service.certificates.items()},
            "facts": service.facts,
        },
        indent=1,
        sort_keys=True,
    )


def _listen(namespace: Path | None, port: Port) -> socket.socket:
    with entered(namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((port.address, port.port))
    made.listen(BACKLOG)
    return made


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # HTTP/1.1 alone: a browser would else ask for HTTP/2.
    context.set_alpn_protocols(["http/1.1"])
    return context
