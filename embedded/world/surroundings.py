"""Start and stop the world around a stack; several stacks share one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from embedded.node import addons, files, outside, ownership
from embedded.node.layout import Images, Layout, layout
from embedded.node.parallel import together
from embedded.node.processes import Processes
from embedded.paths import Paths
from embedded.world import buckets, cluster, plan, services, stacks
from embedded.world.people import User
from embedded.world.plan import Document
from embedded.world.stacks import Stack


@dataclass(frozen=True)
class World:
    """What a stack's overlay and its visitors must know of its surroundings."""

    doors: Mapping[str, int] = field(default_factory=dict)
    """Outside names, and the port of 127.0.0.1 that serves each of them in place of 443."""
    users: tuple[User, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the flat keys of the stack's configuration."""
    host: int | None = None
    """The door of the stack's own host, where a tunnel leads to it and not the node's ingress."""


def start(paths: Paths, stack: str, document: Document, images: Images) -> World:
    """Make the surroundings of a stack, or what of them is missing; the node runs already."""
    place = layout(paths)
    with ownership.alone(place):
        mine = stacks.remembered(paths, stack, document)
    gateway = buckets.gateway(place, plan.plan(document).of("buckets"))
    beside = cluster.Beside(mine.secrets.get("databasePassword", ""), gateway)
    made = cluster.provide(paths, stack, document, images, beside)
    database = made.database
    mine = dataclasses.replace(mine, database=(database.service_ip, database.port) if database else None)
    with ownership.alone(place):
        stacks.remember(paths, mine)
        _serve(place, stacks.known(paths))
    return _world(place, mine)


def known(paths: Paths, stack: str) -> World:
    """Give the surroundings of a stack as they were made; none for one that has none."""
    mine = next((found for found in stacks.known(paths) if found.name == stack), None)
    return _world(layout(paths), mine) if mine else World()


def stop(paths: Paths, stack: str | None = None) -> None:
    """Take away what one stack needed alone, or everything."""
    place = layout(paths)
    if not stacks.folder(paths).is_dir():
        return
    cluster.withdraw(paths, stack)
    with ownership.alone(place):
        for known in stacks.known(paths):
            if stack in {None, known.name}:
                stacks.forget(paths, known.name)
        _serve(place, stacks.known(paths))


def _serve(place: Layout, wanted: list[Stack]) -> None:
    """Let exactly the services run that these stacks need; names come last, when they lead somewhere."""
    owner = ownership.read(place)
    if owner is None or not owner.options.pods:
        return
    listeners = services.listeners(wanted)
    processes = Processes(place.records, place.paths.logs, str(place.state))
    addresses = {listener.address for listener in listeners}
    if listeners:
        outside.check_free(addresses)
        outside.up(place, addresses)
    specs = services.specs(place, processes, wanted)
    for name in processes.names():
        if name.startswith(services.PREFIX) and name not in {spec.name for spec in specs}:
            processes.stop(name)
    together(*(lambda spec=spec: processes.ensure(spec) for spec in specs))
    files.write(addons.hosts_file(place), plan.hosts(listeners))
    if not listeners:
        outside.remove(place)


def _world(place: Layout, stack: Stack) -> World:
    doors = {}
    for role in services.DOORS:
        for listener in stack.plan.of(role):
            if listener.tls:
                doors[listener.name] = services.door(place, role)
    tunnel = stack.plan.tunnel
    return World(
        doors=doors,
        users=stack.users,
        secrets=stack.secrets,
        host=doors.get(tunnel.host) if tunnel else None,
    )
