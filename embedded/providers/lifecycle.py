"""What a provider of ours answers to, in Python values: the servicer alone knows gRPC and its messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from embedded.providers.changes import Change
from embedded.providers.codec import Properties


@dataclass(frozen=True)
class Urn:
    """The engine's name of a resource."""

    text: str

    @property
    def type(self) -> str:
        """The resource's own type, without those of its parents."""
        parts = self.text.split("::")
        return parts[2].rsplit("$", 1)[-1] if len(parts) > 2 else ""

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.text.split("::", 3)[-1]


@dataclass(frozen=True)
class Autoname:
    """What the engine gives for naming: a seed that makes names repeatable, and a name of its own choice."""

    seed: bytes = b""
    proposed: str = ""
    disabled: bool = False


@dataclass(frozen=True)
class Checked:
    """Inputs as they will be used, and what is wrong with them (property, reason)."""

    inputs: Properties
    failures: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Differences:
    """The answer to Diff."""

    changes: Sequence[Change] = ()
    delete_first: bool = False


@dataclass(frozen=True)
class Live:
    """The answer to Read; no id means that the resource is gone."""

    id: str = ""
    state: Properties = field(default_factory=dict)
    inputs: Properties = field(default_factory=dict)


class Provider(Protocol):
    """One kind of resources: random values, Kubernetes objects, Helm releases."""

    def check(self, urn: Urn, old: Properties, new: Properties, naming: Autoname) -> Checked:
        """Complete and validate inputs."""
        ...

    def diff(
        self, urn: Urn, state: Properties, old: Properties, new: Properties, ignored: Sequence[str]
    ) -> Differences:
        """Say what an update would change."""
        ...

    def create(self, urn: Urn, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        """Create, and return id and state."""
        ...

    def read(self, urn: Urn, id_: str, state: Properties, inputs: Properties) -> Live:
        """Look at the live resource."""
        ...

    def update(self, urn: Urn, change: Update) -> Properties:
        """Bring the live resource to new inputs and return the new state."""
        ...

    def delete(self, urn: Urn, id_: str, state: Properties, timeout: float) -> None:
        """Delete, and return when it is gone."""
        ...


@dataclass(frozen=True)
class Update:
    """What an update is given."""

    id: str
    state: Properties
    old: Properties
    new: Properties
    timeout: float = 0
    preview: bool = False
    ignored: Sequence[str] = ()


class Log(Protocol):
    """How a provider speaks to the person at the terminal."""

    def status(self, urn: Urn, text: str) -> None:
        """Show what is going on, beside the resource, until the next line."""
        ...

    def warning(self, urn: Urn, text: str) -> None:
        """Show a warning that stays."""
        ...
