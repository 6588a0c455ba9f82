"""Rules about identities: groups that exist, administrators, second factors, whose members get in."""

from __future__ import annotations

from collections.abc import Iterator

from settings.auth import Cloudflare, Entra, GitHub, Grouped, SharedPassword
from settings.door import Door
from settings.finding import Finding
from settings.profiles import Profile

Profiles = tuple[Profile, ...]


def sign_in_groups_are_defined(auth: Grouped) -> Iterator[Finding]:
    """Refuse a group that has a name of ours and no identity at the provider."""
    for field in ("allowed", "administrators"):
        for place, name in enumerate(getattr(auth, field)):
            if name not in auth.groups:
                yield Finding(
                    path=f"settings.auth.{field}[{place}]",
                    rule="D4",
                    what=f"{name} is not defined in auth.groups.",
                    follows="The provider knows no such group, so its members would be locked out.",
                    remedy=f"Add {name} to auth.groups with its id at the provider, or correct the name: "
                    f"there are {', '.join(auth.groups)}.",
                )


def profile_groups_are_defined(auth: Grouped, profiles: Profiles) -> Iterator[Finding]:
    """Refuse a profile for a group that nobody defined."""
    for at, profile in enumerate(profiles):
        for place, name in enumerate(profile.groups):
            if name not in auth.groups:
                yield Finding(
                    path=f"settings.profiles[{at}].groups[{place}]",
                    rule="D4",
                    what=f"{name} is not defined in auth.groups.",
                    follows=f"Nobody would be offered {profile.name}.",
                    remedy=f"Add {name} to auth.groups, or correct the name: "
                    f"there are {', '.join(auth.groups)}.",
                )


def profile_groups_need_a_provider_of_groups(
    auth: SharedPassword | GitHub, profiles: Profiles
) -> Iterator[Finding]:
    """Refuse a profile by group where the hub learns no groups."""
    for at, profile in enumerate(profiles):
        if profile.groups:
            yield Finding(
                path=f"settings.profiles[{at}].groups",
                rule="D3",
                what=f"{profile.name} is for groups, and sign-in by {auth.provider} tells the hub none.",
                follows="Nobody would be offered the profile.",
                remedy="Leave groups out, or sign in by a provider with groups (entra, cloudflare).",
            )


def groups_are_used(auth: Grouped, profiles: Profiles) -> Iterator[Finding]:
    """Point at a group that decides nothing."""
    used = {*auth.allowed, *auth.administrators, *(name for one in profiles for name in one.groups)}
    for name in auth.groups:
        if name not in used:
            yield Finding(
                path=f"settings.auth.groups.{name}",
                rule="A1",
                what=f"the group {name} is defined, and nothing uses it.",
                follows="Its members have no more than others, whatever was meant.",
                remedy="Name it in auth.allowed, auth.administrators or a profile's groups, or remove it.",
                severity="warning",
            )


def a_group_has_one_name(auth: Grouped) -> Iterator[Finding]:
    """Refuse two names for one group: what is meant for the few would be for the many."""
    first: dict[str, str] = {}
    for name, identity in auth.groups.items():
        if identity in first:
            yield Finding(
                path=f"settings.auth.groups.{name}",
                rule="D4",
                what=f"{name} and {first[identity]} are the same group at the provider.",
                follows="Whoever is in it has the rights of both names, an administrator's perhaps.",
                remedy="Look up the id of each group; keep one name for one group.",
            )
        first.setdefault(identity, name)


def administrators_are_among_the_allowed(auth: Grouped) -> Iterator[Finding]:
    """Want `allowed` to be the whole list of who gets in: the hub lets administrators in without it."""
    for place, name in enumerate(auth.administrators):
        if name in auth.groups and name not in auth.allowed:
            yield Finding(
                path=f"settings.auth.administrators[{place}]",
                rule="A2",
                what=f"{name} administers the hub, and is not among those who may sign in.",
                follows="The hub lets its members in all the same: auth.allowed would not say who gets in.",
                remedy=f"Add {name} to auth.allowed, or take it out of auth.administrators.",
            )


def not_everybody_administers(auth: Grouped) -> Iterator[Finding]:
    """Point at a hub on which everyone is an administrator."""
    if auth.administrators and set(auth.allowed) <= set(auth.administrators):
        yield Finding(
            path="settings.auth.administrators",
            rule="A3",
            what="every group that may sign in administers the hub.",
            follows="Each user stops the servers of the others, and reads their names and activity.",
            remedy="Keep a group of its own for administrators, and allow the users' group beside it.",
            severity="warning",
        )


def administrators_stay_out_of_servers(
    auth: SharedPassword | Entra | GitHub | Cloudflare,
) -> Iterator[Finding]:
    """Point at administrators who open everybody's servers."""
    if auth.admin_access:
        yield Finding(
            path="settings.auth.adminAccess",
            rule="A6",
            what="administrators of the hub open everybody's servers and files.",
            follows="An administrator's account, taken over, is every user's: files, credentials, notebooks.",
            remedy="Say adminAccess: false; for an emergency there is `ops break-glass`, on record.",
            severity="warning",
        )


def a_second_factor_is_asked_for(auth: Entra, ingress: Door) -> Iterator[Finding]:
    """Point at sign-in by password alone; the hub cannot ask for more, only the tenant can."""
    if auth.mfa == "none" and ingress.reach != "machine":
        yield Finding(
            path="settings.auth.mfa",
            rule="A4",
            what="nobody asks for a second factor.",
            follows="One stolen password runs code on the cluster.",
            remedy="Have the tenant's Conditional Access ask for it at this application; say mfa: tenant.",
            severity="warning",
        )


def organizations_are_narrowed_to_teams(auth: GitHub, ingress: Door) -> Iterator[Finding]:
    """Point at a whole organisation on a public host."""
    for place, name in enumerate(auth.organizations):
        if ":" not in name and ingress.reach == "public":
            yield Finding(
                path=f"settings.auth.organizations[{place}]",
                rule="D2",
                what=f"every member of {name} may sign in, from anywhere.",
                follows="Who joins the organisation for another reason gets processors and GPUs here.",
                remedy=f"Name a team: {name}:data-science.",
                severity="warning",
            )


def organizations_are_named_once(auth: GitHub) -> Iterator[Finding]:
    """Point at a team that adds nobody, since its whole organisation may sign in."""
    for place, name in enumerate(auth.organizations):
        organization = name.partition(":")[0]
        if organization != name and organization in auth.organizations:
            yield Finding(
                path=f"settings.auth.organizations[{place}]",
                rule="D2",
                what=f"{name} is named, and all of {organization} too.",
                follows="The team narrows nothing: every member of the organisation signs in.",
                remedy=f"Remove {organization}, or the team.",
            )


def groups_are_no_addresses(auth: Cloudflare) -> Iterator[Finding]:
    """Refuse e-mail addresses in place of groups: the claim carries names of groups."""
    for name, value in auth.groups.items():
        if "@" in value:
            yield Finding(
                path=f"settings.auth.groups.{name}",
                rule="D34",
                what="an e-mail address stands where the name of a group belongs.",
                follows="The groups claim carries no addresses, so nobody would be in the group.",
                remedy="Give the group's name as the identity provider behind Cloudflare Access sends it.",
            )


RULES = (
    sign_in_groups_are_defined,
    profile_groups_are_defined,
    profile_groups_need_a_provider_of_groups,
    groups_are_used,
    a_group_has_one_name,
    administrators_are_among_the_allowed,
    not_everybody_administers,
    administrators_stay_out_of_servers,
    a_second_factor_is_asked_for,
    organizations_are_narrowed_to_teams,
    organizations_are_named_once,
    groups_are_no_addresses,
)
