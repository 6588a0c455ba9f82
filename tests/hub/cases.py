"""One row of the table: who does what at which provider while what is wrong, and what must come of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Provider = Literal["entra", "github", "cloudflare"]
Act = Literal[
    "sign in",
    "wrong password",
    "without the state's cookie",
    "with another's cookie of a state",
    "with another state",
    "without a state",
    "without a code",
    "with a made-up code",
    "with the code of another application",
    "with a code taken from another's browser",
    "by a link with an attacker's code",
    "with a code for the second time",
    "with an error in the callback",
    "with a made-up session",
    "as a name in the form",
]
STACKS: Mapping[Provider, str] = {"entra": "aiv-prod", "github": "lab", "cloudflare": "carbon254"}
# Where nothing else is said a refusal has status 403.
_STATUS = {
    "state_mismatch": 400,
    "code_missing": 400,
    "provider_refused": 400,
    "provider_unreachable": 503,
    "provider_error": 503,
}
AT_PROVIDER = "at the provider"


@dataclass(frozen=True)
class Outcome:
    """What came of it: a session under a name, or none and why."""

    name: str = ""
    admin: bool = False
    reason: str = ""
    status: int = 200
    groups: tuple[str, ...] | None = None

    def __str__(self) -> str:
        if not self.name:
            return f"refused: {self.reason or 'no reason'} ({self.status})"
        return f"in as {self.name}" + (", administrator" if self.admin else "")


def enters(name: str = "", *, admin: bool = False) -> Outcome:
    """Somebody gets in; under the name that was typed unless another is given."""
    return Outcome(name=name or "{person}", admin=admin)


def refused(reason: str, status: int | None = None) -> Outcome:
    """Nobody gets in, and the page says why by this word."""
    return Outcome(reason=reason, status=status or _STATUS.get(reason, 403))


def stopped(status: int = 403) -> Outcome:
    """The provider itself sends nobody back."""
    return Outcome(reason=AT_PROVIDER, status=status)


HUBS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "by app roles": {
        "access": "roles",
        "groups": {"users": "hub.user", "gpu": "hub.gpu", "admins": "hub.admin"},
    },
    "second factor": {"mfa": "required", "authenticationContext": "c1"},
    "by object id": {"usernameClaim": "oid"},
    "by subject": {"usernameClaim": "sub"},
    "whole organisation": {"groups": {"members": "your-organisation"}},
    "by upn": {"usernameClaim": "upn"},
    "US government's cloud": {
        "cloud": "usGovernment",
        "tenantId": "7c0b4f52-2f7e-4d0c-9d37-0a1b2c3d4e5f",
        "clientId": "1d2c3b4a-5f6e-4a70-8b91-a0b1c2d3e4f5",
    },
    "China's cloud": {
        "cloud": "china",
        "tenantId": "2e4d6c8b-0a1f-4b3d-8c5e-7f9081726354",
        "clientId": "6b5a4938-2716-4051-9f8e-d7c6b5a49382",
    },
    "change of keys": {},
}
"""Hubs that differ from the stack's own, by what is laid over `auth` of its settings."""
LATER: Mapping[str, Mapping[str, Any]] = {"change of keys": {"faults": ["rotated"]}}
"""What befalls everybody at the provider once the first row of a hub is over."""
THEN: Mapping[str, str] = {"change of keys": "import id_tokens\nid_tokens._PAUSE = 0.0\n"}
"""Code that runs last in a hub's configuration: this one may look for keys again at once."""


def auth_of(provider: Provider, hub: str = "") -> dict[str, Any]:
    """Give what is laid over `auth`: rows name people, so Entra ID's hub does, unless it is another hub."""
    names = {"usernameClaim": "preferred_username"} if provider == "entra" else {}
    return {**names, **HUBS[hub]}


@dataclass(frozen=True)
class Case:
    """One row. Its person is nobody else's: the hub remembers people, and no row may touch another."""

    provider: Provider
    what: str
    expected: Outcome
    member_of: tuple[str, ...] = ("member",)
    """`member`, `administrator`: as the stack's settings have them; else groups or teams as given."""
    change: Mapping[str, Any] = field(default_factory=dict)
    """Of the pretended provider's file of changes, for this person."""
    act: Act = "sign in"
    known: Mapping[str, Any] = field(default_factory=dict)
    """What the directory has on this person beside groups."""
    hub: str = ""
    """Which of HUBS."""

    @property
    def person(self) -> str:
        """What this row's person types as name."""
        slug = re.sub(r"[^a-z0-9]+", "-", f"{self.what} {self.hub}".lower()).strip("-")
        if self.provider == "github":
            return slug[:39].strip("-")
        # The file of changes knows people by name alone: no two providers share one.
        return f"{slug}@{self.provider}.example"

    @property
    def identifier(self) -> str | int:
        """What the provider calls the person for ever."""
        made = uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.provider} {self.person}")
        return made.int % 10**8 if self.provider == "github" else str(made)

    def expects(self) -> Outcome:
        """Give the expected outcome with the person's name in it."""
        mine = self.expected
        name = mine.name.replace("{person}", self.person).replace("{id}", str(self.identifier))
        return Outcome(name, mine.admin, mine.reason, mine.status, mine.groups)
