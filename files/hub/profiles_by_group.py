"""Offers to each user the server options of the user's groups, and lets nobody start another one.

Runs in the hub. KubeSpawner asks for the list twice: to show it, and again when a server starts, where
an option that is not in the list is refused, whatever the request says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from tornado.web import HTTPError

Profile = dict[str, Any]
Offer = Callable[[Any], list[Profile]]


def offer(
    profiles: list[Profile], members: Mapping[str, Collection[str]], to_all_of: Collection[str] = ()
) -> Offer:
    """Make KubeSpawner's `profile_list`; `members` names the groups of each option that is not for all.

    `to_all_of` names users who get every option: those that a machine works as, and nobody signs in as.
    """

    def offered(spawner: Any) -> list[Profile]:  # noqa: ANN401 -- a spawner, of packages of the hub
        if spawner.user.name in to_all_of:
            return profiles
        # The groups that the identity provider named at sign-in, as the hub keeps them; for a server
        # that an administrator starts, they are still the owner's.
        groups = {group.name for group in spawner.user.groups}
        mine = [profile for profile in profiles if _is_open(profile, groups, members)]
        if not mine:
            # An empty list means no choice to KubeSpawner, and not: no server.
            raise HTTPError(403, "None of the server options is for a group of yours.")
        return mine

    return offered


def _is_open(profile: Profile, groups: set[str], members: Mapping[str, Collection[str]]) -> bool:
    slug = profile["slug"]
    return slug not in members or not groups.isdisjoint(members[slug])
