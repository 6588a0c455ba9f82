"""Who may do what: one row for each group, and one for everyone; rows add up.

The hub decides by the same rows when somebody signs in and when a server starts (files/hub/capabilities.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from settings.names import DnsLabel, Form, GroupName, Quantity, amount
from settings.profiles import Profile
from settings.section import Section
from settings.services import Services, for_users, name_of

EVERYONE = "everyone"
"""The row of whoever may sign in; no group has this name."""
ALL = "all"
"""In the place of names: every one of them, those that come later too."""
LABEL = "platform.service"
"""Pods whose owner has a service carry `platform.service/<name>`; policies let them out to it by that."""
MOST_SERVERS = 20

ServiceName = Annotated[
    str,
    Form("the name of a service of the catalogue", r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?", "trino", 63),
]
Folder = Literal["none", "read", "write"]
_MORE: tuple[Folder, ...] = ("none", "read", "write")


class Row(Section):
    """What the members of one group may. Whoever is in several groups has what any of them gives."""

    sign_in: bool = False
    """Members may sign in. Not for a shared password, whose users are named."""
    administrator: bool = False
    """Members administer the hub; wants `signIn` in the same row."""
    profiles: tuple[DnsLabel, ...] = ()
    """Slugs of the profiles that members may start; `[all]`: every profile."""
    home: Quantity | None = None
    """Size of a home that is made for a member, where it is to be larger than `storage.homes.size`; the
    largest counts. A home that is there already keeps its size."""
    shared_folder: Folder = "none"
    """Whether members' servers mount `storage.shared`, and may write in it."""
    services: tuple[ServiceName, ...] = ()
    """Names of services of the catalogue whose variables, credentials and way members' servers get; `[all]`:
    every service."""
    servers: Annotated[int, Field(ge=1, le=MOST_SERVERS)] = 1
    """How many servers a member may have: the first, and others by name, each with a home of its own."""


Capabilities = dict[GroupName, Row]
OPEN: Mapping[str, Row] = {EVERYONE: Row(profiles=(ALL,), sharedFolder="write", services=(ALL,))}
"""Where a stack writes nothing: one team, whose members may all do the same."""


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What somebody may, all rows of theirs together."""

    sign_in: bool
    administrator: bool
    profiles: tuple[str, ...]
    home: str
    shared_folder: Folder
    services: tuple[str, ...]
    servers: int


def granted(
    capabilities: Mapping[str, Row],
    groups: Iterable[str],
    profiles: Iterable[Profile],
    services: Services,
    home: str,
) -> Granted:
    """Add up the rows of these groups, and that of everyone; `home` is the size without a row."""
    mine = [capabilities[name] for name in (EVERYONE, *groups) if name in capabilities]
    slugs, names = offered(profiles), tuple(map(name_of, for_users(services)))
    return Granted(
        sign_in=any(row.sign_in for row in mine),
        administrator=any(row.administrator for row in mine),
        profiles=tuple(slug for slug in slugs if any(gives(row.profiles, slug) for row in mine)),
        home=max((home, *(row.home for row in mine if row.home)), key=amount),
        shared_folder=max((row.shared_folder for row in mine), key=_MORE.index, default="none"),
        services=tuple(name for name in names if any(gives(row.services, name) for row in mine)),
        servers=max((row.servers for row in mine), default=1),
    )


def offered(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """Give the slugs of the profiles that anybody may start."""
    return tuple(profile.slug for profile in profiles if profile.enabled)


def gives(names: tuple[str, ...], one: str) -> bool:
    """Whether a list of names, or of the word for all of them, has this one."""
    return one in names or ALL in names


def signing_in(capabilities: Mapping[str, Row]) -> tuple[str, ...]:
    """Give the groups whose members may sign in."""
    return tuple(name for name, row in capabilities.items() if row.sign_in and name != EVERYONE)


def administering(capabilities: Mapping[str, Row]) -> tuple[str, ...]:
    """Give the groups whose members administer the hub."""
    return tuple(name for name, row in capabilities.items() if row.administrator and name != EVERYONE)
