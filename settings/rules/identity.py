"""Rules about identities: groups and their names at the provider, second factors, whose members get in."""

from __future__ import annotations

from collections.abc import Iterator

from settings.auth import Cloudflare, Entra, GitHub, Grouped, SharedPassword
from settings.capabilities import Capabilities, Row, signing_in
from settings.door import Door
from settings.finding import Finding


def a_group_has_one_name(auth: Grouped) -> Iterator[Finding]:
    """Refuse two names for one group: what is meant for the few would be for the many."""
    first: dict[str, str] = {}
    for name, identity in auth.groups.items():
        # GitHub takes capitals for small letters; object ids and roles that differ in them alone are a slip.
        if (same := identity.lower()) in first:
            yield Finding(
                path=f"settings.auth.groups.{name}",
                rule="D4",
                what=f"{name} and {first[same]} are the same group at the provider.",
                follows="Whoever is in it has the rights of both names, an administrator's perhaps.",
                remedy="Look up the id of each group; keep one name for one group.",
            )
        first.setdefault(identity.lower(), name)


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


def organisations_are_narrowed_to_teams(
    auth: GitHub, capabilities: Capabilities, ingress: Door
) -> Iterator[Finding]:
    """Point at a whole organisation on a public host."""
    for name in signing_in(capabilities):
        place = auth.groups.get(name, "")
        if place and ":" not in place and ingress.reach == "public":
            yield Finding(
                path=f"settings.capabilities.{name}.signIn",
                rule="D2",
                what=f"every member of {place} may sign in, from anywhere.",
                follows="Who joins the organisation for another reason gets processors and GPUs here.",
                remedy=f"Name a team in auth.groups: {place}:data-science.",
                severity="warning",
            )


def teams_narrow_something(auth: GitHub, capabilities: Capabilities) -> Iterator[Finding]:
    """Refuse a row that lets a team in, and no more, whose whole organisation may sign in."""
    places = {name: auth.groups.get(name, "") for name in signing_in(capabilities)}
    for name, place in places.items():
        organisation = place.partition(":")[0]
        only = capabilities[name] == Row(signIn=True)
        if only and organisation != place and organisation in places.values():
            yield Finding(
                path=f"settings.capabilities.{name}.signIn",
                rule="D2",
                what=f"{place} may sign in, and all of {organisation} too.",
                follows="The team narrows nothing: every member of the organisation signs in.",
                remedy="Take signIn from the organisation's row, or from the team's.",
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
    a_group_has_one_name,
    administrators_stay_out_of_servers,
    a_second_factor_is_asked_for,
    organisations_are_narrowed_to_teams,
    teams_narrow_something,
    groups_are_no_addresses,
)
