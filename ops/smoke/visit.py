"""What the checks of one run share: the stack, the way to it, the options, and the server that is up."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from ops.kubectl import Json
from ops.live import Live
from ops.smoke.hub import Hub
from ops.smoke.starting import Starter
from ops.smoke.tokens import token
from ops.smoke.way import Way
from settings import Settings
from settings.profiles import Profile
from settings.smoke import SERVICE, USER

OWNER = "hub.jupyter.org/username"
"""The annotation by which KubeSpawner says whose pod or claim it is."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was asked for beside the stack."""

    profile: Profile
    gpu: bool = True
    prometheus: str | None = None
    seconds: float = 300.0
    """How long a server may take to start."""
    not_to: tuple[str, ...] = ()
    """Addresses that are not tried, not even to see them refused."""


@dataclass(kw_only=True)
class Visit:
    """One run."""

    live: Live
    way: Way
    options: Options
    tell: Callable[[str], None] = field(repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    """What is written into the home, to be found again."""
    made: bool = False
    """Whether there is something to remove."""

    @property
    def settings(self) -> Settings:
        """The stack's settings."""
        return self.live.settings

    @cached_property
    def hub(self) -> Hub:
        """The hub, with our token, which is read when it is first needed."""
        return Hub(self.way, token(self.live, SERVICE), self.settings.ingress.user_subdomains)

    @property
    def starter(self) -> Starter:
        """Who starts the server."""
        return Starter(self.hub, self.settings.namespace.name, self.options.seconds, self.tell)

    def pods(self) -> list[Json]:
        """Give the pods of our user's server."""
        found = self.live.cluster.items("pods", "component=singleuser-server")
        return [pod for pod in found if is_own(pod)]


def is_own(one: Json) -> bool:
    """Whether KubeSpawner made a pod or a claim for our user."""
    return bool((one["metadata"].get("annotations") or {}).get(OWNER) == USER)
