"""Rules about capabilities: who gets in by them, and that each word of a row means something."""

from __future__ import annotations

from collections.abc import Iterator

from settings.auth import Cloudflare, Entra, GitHub, Grouped, SharedPassword
from settings.capabilities import (
    ALL,
    EVERYONE,
    OPEN,
    Capabilities,
    Row,
    administering,
    gives,
    granted,
    offered,
    signing_in,
)
from settings.finding import Finding
from settings.names import amount
from settings.profiles import Profile
from settings.services import Services, for_users, name_of
from settings.storage import Storage

AnyWay = SharedPassword | Entra | GitHub | Cloudflare
Profiles = tuple[Profile, ...]
_AT = "settings.capabilities"


def somebody_may_sign_in(auth: Grouped, capabilities: Capabilities) -> Iterator[Finding]:
    """Refuse a matrix by which nobody gets in."""
    if not signing_in(capabilities):
        yield Finding(
            path=_AT,
            rule="D2",
            what="no group may sign in.",
            follows="The provider knows everybody, and the hub refuses them all.",
            remedy=f"Say signIn: true in the row of a group of auth.groups: {', '.join(auth.groups)}.",
        )


def not_whoever_the_provider_knows(auth: Grouped, capabilities: Capabilities) -> Iterator[Finding]:
    """Refuse to let everyone in, or to make everyone an administrator."""
    row = capabilities.get(EVERYONE, Row())
    for field, wanted in (("signIn", row.sign_in), ("administrator", row.administrator)):
        if wanted:
            yield Finding(
                path=f"{_AT}.{EVERYONE}.{field}",
                rule="D2",
                what=f"{field} is said for everyone.",
                follows=f"With {auth.provider} that is whoever has an account there, if anybody is meant: "
                "the hub takes no notice of it.",
                remedy=f"Say {field} in the row of a group; everyone is whoever may sign in by one of those.",
            )


def names_are_let_in_by_name(auth: SharedPassword, capabilities: Capabilities) -> Iterator[Finding]:
    """Refuse rows that would let users of a shared password in, or make them administrators."""
    for name, row in capabilities.items():
        for field, wanted, place in (
            ("signIn", row.sign_in, "auth.users"),
            ("administrator", row.administrator, "auth.administrators"),
        ):
            if wanted:
                yield Finding(
                    path=f"{_AT}.{name}.{field}",
                    rule="D13",
                    what=f"{field} is said for a group, and sign-in is one shared password.",
                    follows="It would have no effect: whoever knows a password is who they say they are.",
                    remedy=f"Name the people in {place}.",
                )


def rows_are_of_groups(auth: AnyWay, capabilities: Capabilities) -> Iterator[Finding]:
    """Refuse a row for a group that nobody defined."""
    for name in capabilities:
        if name != EVERYONE and name not in auth.groups:
            known = f"there are {', '.join(auth.groups)}" if auth.groups else "there is none"
            yield Finding(
                path=f"{_AT}.{name}",
                rule="D4",
                what=f"{name} is not defined in auth.groups.",
                follows="Nobody is in such a group, so nobody has what its row gives.",
                remedy=f"Add {name} to auth.groups, or correct the name: {known}.",
            )


def no_group_is_everyone(auth: AnyWay) -> Iterator[Finding]:
    """Refuse a group with the name of the row for all."""
    if EVERYONE in auth.groups:
        yield Finding(
            path=f"settings.auth.groups.{EVERYONE}",
            rule="D4",
            what=f"a group is called {EVERYONE}.",
            follows="Its row would be that of whoever may sign in.",
            remedy="Give the group another name.",
        )


def groups_are_used(auth: AnyWay, capabilities: Capabilities) -> Iterator[Finding]:
    """Point at a group that decides nothing, and at a row that gives nothing."""
    for name in auth.groups:
        row = capabilities.get(name)
        if name != EVERYONE and (row is None or row == Row()):
            yield Finding(
                path=f"settings.auth.groups.{name}",
                rule="A1",
                what=f"the group {name} is defined, and "
                + ("its row gives nothing." if row else "no row is for it."),
                follows="Its members have no more than others, whatever was meant.",
                remedy=f"Write capabilities: {{{name}: ...}} with what its members may, or remove the group.",
                severity="warning",
            )


def administrators_sign_in(auth: Grouped, capabilities: Capabilities) -> Iterator[Finding]:
    """Want the rows with `signIn` to be the whole list of who gets in."""
    for name in administering(capabilities):
        if name in auth.groups and not capabilities[name].sign_in:
            yield Finding(
                path=f"{_AT}.{name}.administrator",
                rule="A2",
                what=f"{name} administers the hub, and is not among those who may sign in.",
                follows="The hub lets its members in all the same: signIn would not say who gets in.",
                remedy="Say signIn: true in this row too, or leave administrator out.",
            )


def not_everybody_administers(auth: Grouped, capabilities: Capabilities) -> Iterator[Finding]:
    """Point at a hub on which everyone is an administrator."""
    allowed, administrators = signing_in(capabilities), administering(capabilities)
    if allowed and administrators and set(allowed) <= set(administrators) and auth.groups:
        yield Finding(
            path=_AT,
            rule="A3",
            what="every group that may sign in administers the hub.",
            follows="Each user stops the servers of the others, and reads their names and activity.",
            remedy="Keep a group of its own for administrators, and let the users' group in beside it.",
            severity="warning",
        )


def rows_name_what_there_is(
    capabilities: Capabilities, profiles: Profiles, services: Services
) -> Iterator[Finding]:
    """Refuse names of profiles and services that do not exist, and names beside the word for all."""
    slugs = {profile.slug for profile in profiles}
    names = {name_of(service) for service in for_users(services)}
    for group, row in capabilities.items():
        for field, given, known in (("profiles", row.profiles, slugs), ("services", row.services, names)):
            for place, name in enumerate(given):
                if what := _unfit(name, given, known, field):
                    yield Finding(
                        path=f"{_AT}.{group}.{field}[{place}]",
                        rule="A7",
                        what=what,
                        follows="The row does not give what it seems to.",
                        remedy=f"Write [{ALL}] alone, or names of: {', '.join(sorted(known)) or 'none yet'}.",
                    )


def _unfit(name: str, given: tuple[str, ...], known: set[str], field: str) -> str | None:
    if name == ALL:
        return f"{ALL} stands beside names of {field}." if len(given) > 1 else None
    what = "no profile has the slug" if field == "profiles" else "no service of users is called"
    return None if name in known else f"{what} {name}."


def nothing_is_called_all(profiles: Profiles, services: Services) -> Iterator[Finding]:
    """Refuse a name that a row cannot tell from the word for all of them."""
    found = [
        *((f"profiles[{at}].slug", one.slug) for at, one in enumerate(profiles)),
        *((f"services.catalogue[{at}].name", name_of(one)) for at, one in enumerate(services.catalogue)),
    ]
    for path, name in found:
        if name == ALL:
            yield Finding(
                path=f"settings.{path}",
                rule="A7",
                what=f"{ALL} is no name.",
                follows="Whoever is to have this one would have every other too.",
                remedy="Choose another name.",
            )


def homes_are_enlarged(capabilities: Capabilities, storage: Storage) -> Iterator[Finding]:
    """Refuse a home that is not larger than everybody's: rows only add."""
    for group, row in capabilities.items():
        if row.home and amount(row.home) <= amount(storage.homes.size):
            yield Finding(
                path=f"{_AT}.{group}.home",
                rule="A8",
                what=f"{row.home} is not more than storage.homes.size, {storage.homes.size}.",
                follows="Everybody has that much, and the largest counts: this would have no effect.",
                remedy="Give a larger size, or leave home out.",
            )


def a_folder_is_there_to_share(capabilities: Capabilities, storage: Storage) -> Iterator[Finding]:
    """Refuse to give a folder that the stack has not."""
    if storage.shared is not None or capabilities == OPEN:
        return
    for group, row in capabilities.items():
        if row.shared_folder != "none":
            yield Finding(
                path=f"{_AT}.{group}.sharedFolder",
                rule="A8",
                what=f"{row.shared_folder} is said, and storage.shared is not given.",
                follows="There is nothing to mount.",
                remedy="Describe the folder in storage.shared, or leave sharedFolder out.",
            )


def everything_is_for_somebody(
    capabilities: Capabilities, profiles: Profiles, services: Services
) -> Iterator[Finding]:
    """Point at what the stack offers, and nobody is given."""
    rows = capabilities.values()
    slugs = offered(profiles)
    found = [
        *(
            (f"profiles[{at}]", one.name)
            for at, one in enumerate(profiles)
            if one.slug in slugs and not any(gives(row.profiles, one.slug) for row in rows)
        ),
        *(
            (f"services.catalogue[{at}]", name_of(one))
            for at, one in enumerate(services.catalogue)
            if one.used_by != "hub" and not any(gives(row.services, name_of(one)) for row in rows)
        ),
    ]
    for path, name in found:
        yield Finding(
            path=f"settings.{path}",
            rule="A1",
            what=f"{name} is offered, and no row of capabilities gives it to anybody.",
            follows="Nobody finds it, whatever was meant.",
            remedy=f"Name it in a row, such as {EVERYONE}'s, or remove it.",
            severity="warning",
        )


def whoever_signs_in_gets_the_default(
    auth: AnyWay, capabilities: Capabilities, profiles: Profiles, services: Services, storage: Storage
) -> Iterator[Finding]:
    """Point at people who may sign in, and not start what those get who choose nothing."""
    default = next((one for one in profiles if one.default and one.enabled), None)
    by_name = isinstance(auth, SharedPassword)
    for name in (EVERYONE,) if by_name else signing_in(capabilities):
        may = granted(capabilities, (name,), profiles, services, storage.homes.size)
        if default is None or default.slug in may.profiles or (may.administrator and not may.profiles):
            continue
        yield Finding(
            path=f"{_AT}.{name}.profiles" if name in capabilities else _AT,
            rule="P1",
            what=f"whoever is in {name} alone may not start {default.name}, the default."
            if may.profiles
            else f"whoever is in {name} alone may start no server.",
            follows="Who chooses nothing gets the first profile of theirs."
            if may.profiles
            else "They sign in, and every start is refused.",
            remedy=f"Add {default.slug} to this row, or to {EVERYONE}'s.",
            severity="warning",
        )


RULES = (
    somebody_may_sign_in,
    not_whoever_the_provider_knows,
    names_are_let_in_by_name,
    rows_are_of_groups,
    no_group_is_everyone,
    groups_are_used,
    administrators_sign_in,
    not_everybody_administers,
    rows_name_what_there_is,
    nothing_is_called_all,
    homes_are_enlarged,
    a_folder_is_there_to_share,
    everything_is_for_somebody,
    whoever_signs_in_gets_the_default,
)
