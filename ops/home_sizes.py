"""How large somebody's home shall be: by the rows of their groups, as the hub last heard of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.ending import Cannot
from ops.kubectl import Json, Kubectl
from ops.moving import hub
from settings import Settings
from settings.auth import Auth, SharedPassword
from settings.capabilities import EVERYONE, granted


@dataclass(frozen=True)
class Sizes:
    """The sizes of one stack's homes."""

    settings: Settings
    groups: Mapping[str, tuple[str, ...]]
    """The groups of everybody who is known, by the settings' names; the hub's users, mostly."""
    asked: bool = False
    """Whether it was a hub that named them."""

    def of(self, owner: str) -> str:
        """Give the size that somebody's home shall have at least."""
        settings = self.settings
        return granted(
            settings.capabilities,
            self.groups.get(owner, ()),
            settings.profiles,
            settings.services,
            settings.storage.homes.size,
        ).home

    def knows(self, owner: str) -> bool:
        """Whether anybody could say which groups somebody is in."""
        return not self.asked or owner in self.groups


def depend_on_groups(settings: Settings) -> bool:
    """Whether members of some group have larger homes than others."""
    return any(row.home for name, row in settings.capabilities.items() if name != EVERYONE)


def for_everyone(settings: Settings) -> Sizes:
    """Give the size that everybody has, whatever their groups."""
    return Sizes(settings, {})


def by_groups(settings: Settings, cluster: Kubectl) -> Sizes:
    """Give the sizes of people's groups; a hub whose provider names them is asked, in its pod."""
    auth = settings.auth
    if not depend_on_groups(settings):
        return for_everyone(settings)
    if isinstance(auth, SharedPassword):
        return Sizes(settings, _written(auth))
    users = _users(cluster)
    groups = {name: _ours(auth, user["groups"]) for name, user in users.items()}
    return Sizes(settings, groups, asked=True)


def _users(cluster: Kubectl) -> Mapping[str, Json]:
    try:
        return hub.ask(cluster, ()).users
    except Cannot as silent:
        raise Cannot(
            f"{silent}\n                  --everyones asks for no groups; homes grow to everyone's size."
        ) from silent


def _written(auth: SharedPassword) -> dict[str, tuple[str, ...]]:
    people = {one for members in auth.groups.values() for one in members}
    return {one: tuple(name for name, members in auth.groups.items() if one in members) for one in people}


def _ours(auth: Auth, theirs: list[str]) -> tuple[str, ...]:
    """Name the groups as the settings do: the hub has the provider's names for them."""
    return tuple(name for name, called in auth.groups.items() if called in theirs)
