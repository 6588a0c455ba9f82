"""What an environment is, for people: who owns it, what it runs on, how many it serves."""

from __future__ import annotations

from pydantic import Field

from settings.names import Url
from settings.section import Section


class Scale(Section):
    """How many people, and how many of them at once. Sizes of hub and proxy are held against it."""

    users: int = Field(default=10, ge=1, le=20000)
    """People who may use it."""
    at_once: int = Field(default=5, ge=1, le=5000)
    """Servers that run at the same time, at most."""
    pilot: tuple[int, int] | None = None
    """The smallest and largest number of users with whom it begins."""
    assumed: bool = False
    """Nobody has said so yet: it is our assumption."""


class About(Section):
    """For people, on the hub's pages too, and for the rules that hold sizes against numbers."""

    organisation: str = Field(min_length=1, max_length=80)
    """Whose environment it is; the hub's pages say so."""
    help: Url | None = None
    """Where its users find help; the hub's pages link to it."""
    cluster: str = Field(min_length=1, max_length=200)
    """What the cluster is made of."""
    documents: tuple[str, ...] = ()
    """The requirement documents that describe the environment."""
    scale: Scale = Scale()
