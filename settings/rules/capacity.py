"""Rules about amounts: scale, quota and limits, and whether they fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from settings.about import About
from settings.cluster import Namespace
from settings.finding import Finding
from settings.hub import Hub
from settings.names import amount
from settings.profiles import Profile, variants

Profiles = tuple[Profile, ...]
# Configurable HTTP proxies were killed for their memory at some 250 to 300 users at once.
_MANY_AT_ONCE = 250
_MEMORY_FOR_MANY = "1536Mi"
_MANY_USERS = 100
_MEMORY_OF_A_HUB = "1Gi"


def scale_agrees_with_itself(about: About) -> Iterator[Finding]:
    """Refuse more servers than people, and a pilot that is no range of them."""
    scale = about.scale
    if scale.at_once > scale.users:
        yield Finding(
            path="settings.about.scale.atOnce",
            rule="Q1",
            what=f"{scale.at_once} at once are more than {scale.users} users.",
            follows="Sizes would be judged by a number that is wrong.",
            remedy="Correct one of them.",
        )
    if scale.pilot and not 1 <= scale.pilot[0] <= scale.pilot[1] <= scale.users:
        yield Finding(
            path="settings.about.scale.pilot",
            rule="Q1",
            what=f"{scale.pilot[0]} to {scale.pilot[1]} is no part of {scale.users} users.",
            follows="Sizes would be judged by a number that is wrong.",
            remedy="Give the smaller number first, and none above users.",
        )


def the_proxy_has_memory_for_its_connections(about: About, hub: Hub) -> Iterator[Finding]:
    """Refuse a proxy that dies of the number of its users: there is one, and all connections are in it."""
    limit = hub.proxy_resources.limits.memory
    if about.scale.at_once >= _MANY_AT_ONCE and limit and amount(limit) < amount(_MEMORY_FOR_MANY):
        yield Finding(
            path="settings.hub.proxyResources.limits.memory",
            rule="D8",
            what=f"{limit} for the proxy of {about.scale.at_once} at once.",
            follows="It is killed for its memory, and everybody is cut off; a second one is not possible.",
            remedy=f"Give {_MEMORY_FOR_MANY} or more.",
        )


def the_hub_has_memory_for_its_users(about: About, hub: Hub) -> Iterator[Finding]:
    """Point at a hub that is small for what it keeps in memory."""
    limit = hub.resources.limits.memory
    if about.scale.users >= _MANY_USERS and limit and amount(limit) < amount(_MEMORY_OF_A_HUB):
        yield Finding(
            path="settings.hub.resources.limits.memory",
            rule="D6",
            what=f"{limit} for the hub of {about.scale.users} users.",
            follows="It is killed in the busiest hour, and starts again while everybody waits.",
            remedy=f"Give {_MEMORY_OF_A_HUB} or more.",
            severity="warning",
        )


def limits_let_everybody_work(about: About, hub: Hub) -> Iterator[Finding]:
    """Point at limits of the hub that contradict the scale, or each other."""
    active, starting = hub.limits.active_servers, hub.limits.concurrent_spawns
    if active is None:
        return
    if active < about.scale.at_once:
        yield Finding(
            path="settings.hub.limits.activeServers",
            rule="D7",
            what=f"{active} servers may run, and {about.scale.at_once} are expected at once.",
            follows=f"The {active + 1}th user is told to come back later.",
            remedy="Raise it to about.scale.atOnce, or correct the scale.",
            severity="warning",
        )
    if starting > active:
        yield Finding(
            path="settings.hub.limits.concurrentSpawns",
            rule="D7",
            what=f"{starting} servers may start at the same time, and {active} may run.",
            follows="The first limit has no effect: a wave of starts is not slowed down.",
            remedy="Give fewer starts than servers.",
            severity="warning",
        )


def every_profile_fits_the_quota(namespace: Namespace, profiles: Profiles) -> Iterator[Finding]:
    """Refuse a profile of which the namespace cannot hold a single server."""
    for path, profile in variants(profiles):
        if not profile.enabled:
            continue
        for resource, (asked, text) in _asks(profile).items():
            hard = namespace.quota.get(resource)
            if hard and asked > amount(hard):
                yield Finding(
                    path=path,
                    rule="D38",
                    what=f"{profile.name} takes {text} of {resource}, and the quota is {hard}.",
                    follows="No server of this profile ever starts.",
                    remedy="Raise the quota, lower the profile, or say enabled: false.",
                )


def _asks(profile: Profile) -> dict[str, tuple[Decimal, str]]:
    """What one server takes of each resource that a quota may count."""
    texts = {
        "cpu": profile.cpu.guarantee,
        "requests.cpu": profile.cpu.guarantee,
        "limits.cpu": profile.cpu.limit,
        "memory": profile.memory.guarantee,
        "requests.memory": profile.memory.guarantee,
        "limits.memory": profile.memory.limit,
    }
    if profile.gpu:
        # Of extended resources a quota counts requests alone.
        texts[f"requests.{profile.gpu.resource}"] = str(profile.gpu.count)
    return {resource: (amount(text), text) for resource, text in texts.items()}


def the_quota_holds_everybody(namespace: Namespace, profiles: Profiles, about: About) -> Iterator[Finding]:
    """Point at a quota that is used up before all who are expected have a server."""
    default = next((profile for profile in profiles if profile.default and profile.enabled), None)
    if default is None:
        return
    for resource, (asked, text) in _asks(default).items():
        hard = namespace.quota.get(resource)
        # A profile that does not fit even once is an error of its own.
        if hard and asked <= amount(hard) < asked * about.scale.at_once:
            yield Finding(
                path=f"settings.namespace.quota.{resource}",
                rule="D38",
                what=f"{about.scale.at_once} servers of {default.name} take {text} each, "
                f"more than {hard} together.",
                follows="The last who come get no server, with an error about a quota.",
                remedy="Raise the quota, lower the guarantee, or correct about.scale.atOnce.",
                severity="warning",
            )


def the_quota_holds_every_home(namespace: Namespace, about: About) -> Iterator[Finding]:
    """Point at fewer claims than people: a home is a claim, and stays."""
    hard = namespace.quota.get("persistentvolumeclaims")
    if hard and amount(hard) < about.scale.users:
        yield Finding(
            path="settings.namespace.quota.persistentvolumeclaims",
            rule="D38",
            what=f"{hard} claims for {about.scale.users} users.",
            follows="New users get no home, with an error about a quota.",
            remedy="Give one for each user, and a few for shared folder and database.",
            severity="warning",
        )


RULES = (
    scale_agrees_with_itself,
    the_proxy_has_memory_for_its_connections,
    the_hub_has_memory_for_its_users,
    limits_let_everybody_work,
    every_profile_fits_the_quota,
    the_quota_holds_everybody,
    the_quota_holds_every_home,
)
