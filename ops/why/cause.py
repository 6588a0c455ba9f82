"""What a rule finds: about which object, in whose words, what follows, and the next command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple


class Ref(NamedTuple):
    """An object, by kind and name; the namespace is the stack's own, where the kind has one."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Weight(IntEnum):
    """How near to the failure a cause lies: what stops everything comes first."""

    BLOCKS = 0
    NODE = 1
    CORE = 2
    DOOR = 3
    USER = 4
    LOG = 5
    SYMPTOM = 9
    """Says that something is not well, and not why."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One thing that is wrong."""

    rule: str
    about: Ref
    what: str
    """In plain words, without the object's name: what several objects have alike is told once."""
    follows: str
    advice: str
    commands: tuple[str, ...] = ()
    says: str = ""
    """What the object, the controller or the log says itself."""
    lines: tuple[str, ...] = ()
    """Lines of a log that belong to it."""
    when: datetime | None = None
    weight: Weight = Weight.CORE
    also: tuple[Ref, ...] = ()
    """Other objects of which the same is true."""

    @property
    def abouts(self) -> tuple[Ref, ...]:
        """Every object that it is about."""
        return (self.about, *self.also)


@dataclass(frozen=True)
class Shell:
    """Writes commands that can be pasted, each with the cluster and the stack that it is for."""

    stack: str
    namespace: str
    context: str

    @property
    def file(self) -> str:
        """The stack's file."""
        return f"Pulumi.{self.stack}.yaml"

    def kubectl(self, *words: str) -> str:
        """For the stack's namespace."""
        return shlex.join(["kubectl", "--context", self.context, "-n", self.namespace, *words])

    def cluster(self, *words: str) -> str:
        """For what belongs to no namespace."""
        return shlex.join(["kubectl", "--context", self.context, *words])

    def helm(self, *words: str) -> str:
        """For the stack's release."""
        return shlex.join(["helm", "--kube-context", self.context, "-n", self.namespace, *words])

    def pulumi(self, *words: str) -> str:
        """For the stack's state."""
        return shlex.join(["pulumi", *words, "--stack", self.stack])

    def ops(self, command: str, *words: str) -> str:
        """Ask one of our own commands about the stack, in the project's folder."""
        return shlex.join(["bin/ops", command, self.stack, *words])

    def up(self) -> str:
        """Deploy again."""
        return self.pulumi("up")

    def describe(self, about: Ref) -> str:
        """Show an object with its events."""
        return self.kubectl("describe", about.kind.lower(), about.name)
