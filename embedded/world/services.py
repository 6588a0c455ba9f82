"""The services of the world, one process each, for all stacks that are up together."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embedded import paths as places
from embedded.node import files, outside, pki, ports, probes
from embedded.node.layout import Layout
from embedded.node.processes import Processes, Spec
from embedded.world import buckets
from embedded.world.identity.tokens import make_key
from embedded.world.plan import Listener, Role
from embedded.world.service import Port, Service, written
from embedded.world.stacks import Stack, folder

PREFIX = "outside-"
ROLES: tuple[Role, ...] = ("identity", "edge", "proxy", "relay", "silence")
# Where browsers of this machine find what people see.
DOORS: dict[Role, int] = {"identity": 8453, "edge": 8454}


def listeners(stacks: Iterable[Stack], role: Role | None = None) -> list[Listener]:
    """Everything that any of the stacks wants, once."""
    found = {listener for stack in stacks for listener in stack.plan.listeners}
    return sorted(listener for listener in found if role in {None, listener.role})


def specs(place: Layout, processes: Processes, stacks: Sequence[Stack]) -> list[Spec]:
    """The processes that the stacks need, each with its configuration written."""
    ours = [
        _spec(place, processes, stacks, role)
        for role in ROLES
        if listeners(stacks, role) and _facts(place, stacks, role) is not None
    ]
    claimed = listeners(stacks, "buckets")
    store = buckets.spec(place, claimed)
    if store is None:
        return ours
    return [*ours, dataclasses.replace(store, ready=lambda: _open(place, claimed))]


def name(role: Role) -> str:
    """How a service's process is recorded."""
    return f"{PREFIX}{role}"


def door(place: Layout, role: Role) -> int:
    """The port on this machine's loopback that leads to a service."""
    return int(files.read_json(_doors(place)).get(role, DOORS[role]))


def _spec(place: Layout, processes: Processes, stacks: Sequence[Stack], role: Role) -> Spec:
    wanted = listeners(stacks, role)
    names = {listener.name for listener in wanted if listener.tls}
    at = {Port(listener.address, listener.port, listener.tls) for listener in wanted}
    if role in DOORS:
        at.add(Port("127.0.0.1", _free_door(place, processes, role), tls=True, door=True))
    service = Service(
        ports=tuple(sorted(at, key=str)),
        namespace=outside.namespace(place),
        certificates={name: _certificate(place, name) for name in sorted(names)},
        facts=_facts(place, stacks, role) or {},
    )
    file = folder(place.paths) / f"{role}.json"
    files.write(file, written(service), 0o600)
    return Spec(
        name=name(role),
        argv=(sys.executable, "-m", "embedded.world", role, str(file)),
        ready=lambda: ready(service),
        inputs=(
            file,
            *sorted(Path(__file__).parent.rglob("*.py")),
            *(path for pair in service.certificates.values() for path in pair),
        ),
        env={"PYTHONPATH": str(places.CHECKOUT), "PYTHONUNBUFFERED": "1"},
    )


def ready(service: Service) -> bool:
    """Whether every port answers."""
    return all(
        probes.port_open(port.address, port.port, None if port.door else service.namespace)
        for port in service.ports
    )


def _open(place: Layout, wanted: Iterable[Listener]) -> bool:
    namespace = outside.namespace(place)
    return all(probes.port_open(one.address, one.port, namespace) for one in wanted)


def _certificate(place: Layout, host: str) -> tuple[Path, Path]:
    pair = pki.ingress_certificate(place.paths.pki, host)
    return pair.certificate, pair.key


def _facts(place: Layout, stacks: Sequence[Stack], role: Role) -> dict[str, Any] | None:
    """What only this service needs to know; None when nothing of it can work yet."""
    if role == "identity":
        changes = folder(place.paths) / "people.json"
        key = _signing_key(place)
        return {"key": str(key), "changes": str(changes), "applications": applications(stacks)}
    if role == "edge":
        return {"tunnels": _tunnels(stacks)}
    if role == "proxy":
        known = {f"{it.name}:{it.port}": [it.address, it.port] for it in listeners(stacks)}
        return {"known": known}
    if role == "relay":
        targets = {
            f"{it.address}:{it.port}": list(stack.database)
            for stack in stacks
            for it in stack.plan.of("relay")
            if stack.database
        }
        return {"targets": targets} if targets else None
    return {}


def applications(stacks: Sequence[Stack]) -> list[dict[str, Any]]:
    """What the identity provider knows of the stacks: hubs and people."""
    return [
        {
            **asdict(stack.plan.application),
            "client_secret": stack.secrets["oauthClientSecret"],
            "people": [
                {"name": user.name, "password": user.password, "claims": user.claims} for user in stack.users
            ],
        }
        for stack in stacks
        if stack.plan.application
    ]


def _tunnels(stacks: Sequence[Stack]) -> list[dict[str, str]]:
    return [
        {**asdict(stack.plan.tunnel), "token": stack.secrets["tunnelToken"]}
        for stack in stacks
        if stack.plan.tunnel
    ]


def _signing_key(place: Layout) -> Path:
    file = folder(place.paths) / "identity.key"
    if not file.is_file():
        files.write(file, make_key(), 0o600)
    return file


def _doors(place: Layout) -> Path:
    return folder(place.paths) / "doors.json"


def _free_door(place: Layout, processes: Processes, role: Role) -> int:
    """Keep the door's port; another one only where somebody else has taken it meanwhile."""
    port = door(place, role)
    if processes.running(name(role)) or ports.bindable(port):
        return port
    taken = {**files.read_json(_doors(place)), role: ports.free_near(port, DOORS.values())}
    files.write(_doors(place), json.dumps(taken))
    return int(taken[role])
