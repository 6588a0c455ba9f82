"""The two hubs between which users move, which are mostly one and the same; and their cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ops.ending import Cannot
from ops.kubectl import Json, Kubectl
from ops.live import Live, live
from ops.moving import hub
from ops.moving.cluster import Cluster
from ops.moving.map_file import Row
from ops.moving.plan import Plan, Side, absent, people, wanted


@dataclass(frozen=True)
class World:
    """From which stack to which."""

    source: Live
    target: Live

    @property
    def stacks(self) -> tuple[str, str]:
        """Name both stacks."""
        return self.source.stack, self.target.stack

    @property
    def kubectl(self) -> Kubectl:
        """Give what asks about the old users."""
        return self.source.cluster

    @property
    def namespaces(self) -> list[str]:
        """Name the namespaces in question."""
        return sorted(self.cluster.kubectls)

    @property
    def is_one(self) -> bool:
        """Tell whether both are the same hub."""
        return self.source.cluster.namespace == self.target.cluster.namespace

    @property
    def cluster(self) -> Cluster:
        """Give the cluster of both."""
        return Cluster({one.cluster.namespace: one.cluster for one in (self.source, self.target)})

    def back(self) -> World:
        """Give the same for the way back."""
        return replace(self, source=self.target, target=self.source)

    def old_side(self) -> Side:
        """Look at the hub that users come from."""
        claims = self.cluster.claims(self.source.cluster.namespace)
        return _side(self.source, hub.ask(self.source.cluster, ()), claims)

    def plan(self, rows: Sequence[Row]) -> Plan:
        """Look at everybody in a map, and who is not in it."""
        namespace = self.target.cluster.namespace
        ours = self.cluster.claims(self.source.cluster.namespace)
        theirs = ours if self.is_one else self.cluster.claims(namespace)
        guessed = wanted(rows, ours, theirs, hub.Hub()) if self.is_one else set()
        told = hub.ask(self.source.cluster, guessed)
        source = _side(self.source, told, ours)
        # Mostly one question is enough: a hub rarely remembers a claim that does not say whose it is.
        asked = wanted(rows, ours, theirs, told)
        known = self.is_one and asked <= set(told.homes)
        target = Side(namespace, told if known else hub.ask(self.target.cluster, asked), theirs)
        return Plan(people(rows, source, target, self.cluster), absent(rows, source), source.hub.acts)


def world(stack: str, to: str, project: Path, context: str | None) -> World:
    """Read the settings of both stacks; refuse two that have no volumes in common."""
    source, target = live(stack, project, context), live(to, project, context)
    ours, theirs = source.settings.cluster.identifier, target.settings.cluster.identifier
    if ours != theirs:
        raise Cannot(
            f"{stack} and {to} are in two clusters: {ours} and {theirs}.\n"
            "    What follows: a volume is of one cluster and cannot go to the other; nothing was changed.\n"
            "    What to do:   copy the homes there, or let people do it: docs/moving-users.md."
        )
    return World(source, target)


def _side(one: Live, told: hub.Hub, claims: list[Json]) -> Side:
    if not told.claims:
        raise Cannot(
            f"The hub of {one.stack} does not make a claim for each home (`singleuser.storage`).\n"
            "    What follows: there is nothing that could get another name, and nothing was changed.\n"
            "    What to do:   where homes are folders of one volume, rename those: docs/moving-users.md."
        )
    return Side(one.cluster.namespace, told, claims)
