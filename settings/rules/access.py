"""Rules about the shared password: it protects no tester from another, so it is for a try only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from settings.about import About
from settings.auth import SharedPassword
from settings.door import Door
from settings.finding import Finding
from settings.hub import Availability, FastRestart

# Names that the public DNS never resolves: a shared password must not stand on anybody's internet.
PRIVATE = ("localhost", "internal", "test", "local", "home.arpa", "lan")
_MANY = 50
_LONGEST = timedelta(days=366)


def is_private(host: str) -> bool:
    """Tell whether the public DNS never resolves the name."""
    return host.endswith(tuple(f".{suffix}" for suffix in PRIVATE))


def shared_password_stays_private(auth: SharedPassword, ingress: Door) -> Iterator[Finding]:
    """Refuse a shared password on a host that may be public."""
    if ingress.reach != "public" and not is_private(ingress.host):
        yield Finding(
            path="settings.ingress.host",
            rule="D13",
            what=f"{ingress.host} may be reached from outside, and sign-in is one shared password.",
            follows="Whoever learns or guesses the password runs code on the cluster and reads every home.",
            remedy="Use a sign-in with identities, or a host under "
            + ", ".join(f".{suffix}" for suffix in PRIVATE)
            + ".",
        )


def shared_password_is_not_for_the_public(auth: SharedPassword, ingress: Door) -> Iterator[Finding]:
    """Refuse a shared password where everyone can open a connection."""
    if ingress.reach == "public":
        yield Finding(
            path="settings.ingress.reach",
            rule="D13",
            what="everyone reaches the host, and sign-in is one shared password.",
            follows="Whoever learns or guesses the password runs code on the cluster and reads every home.",
            remedy="Use a sign-in with identities (entra, github, cloudflare), or say corporateNetwork.",
        )


def shared_password_names_its_users(auth: SharedPassword) -> Iterator[Finding]:
    """Want one of: any name, or a list of names."""
    if auth.any_name == bool(auth.users):
        both = auth.any_name
        yield Finding(
            path="settings.auth.users",
            rule="D13",
            what="both anyName and users are given." if both else "neither anyName nor users is given.",
            follows="The list would have no effect." if both else "Nobody could sign in.",
            remedy="Give the list of users, or anyName: true, and not both.",
        )


def any_name_stays_on_the_machine(auth: SharedPassword, ingress: Door) -> Iterator[Finding]:
    """Refuse names without a list where colleagues could take each other's."""
    if auth.any_name and ingress.reach != "machine":
        yield Finding(
            path="settings.auth.anyName",
            rule="D13",
            what="whoever knows the password signs in under any name, beyond this machine.",
            follows="Nobody can tell who it was, and each new name makes a home that nobody removes.",
            remedy="List the testers in auth.users.",
        )


def administrators_are_not_users(auth: SharedPassword) -> Iterator[Finding]:
    """Refuse a name that would have two passwords."""
    for place, name in enumerate(auth.administrators):
        if name in auth.users:
            yield Finding(
                path=f"settings.auth.administrators[{place}]",
                rule="D13",
                what=f"{name} is in both lists.",
                follows="The hub would refuse the shared password for this name: a tester is locked out.",
                remedy="Keep the name in one list; administrators sign in with their own password.",
            )


def shared_password_has_not_ended(auth: SharedPassword, today: date) -> Iterator[Finding]:
    """Refuse a test deployment that outlived its end."""
    if auth.expires and auth.expires <= today:
        yield Finding(
            path="settings.auth.expires",
            rule="D13",
            what=f"the shared password ended on {auth.expires}.",
            follows="A test deployment lives on with a password that many people know.",
            remedy="Move to a sign-in with identities, destroy the stack, or set a later day on purpose.",
        )


def shared_password_has_an_end(auth: SharedPassword, ingress: Door) -> Iterator[Finding]:
    """Want a last day for a test that others reach."""
    if auth.expires is None and ingress.reach == "corporateNetwork":
        yield Finding(
            path="settings.auth.expires",
            rule="D13",
            what="the shared password has no last day.",
            follows="The test outlives its testers, and those who left still know the password.",
            remedy="Give the day on which the test ends, such as expires: 2027-06-30.",
        )


def shared_password_ends_within_a_year(auth: SharedPassword, today: date) -> Iterator[Finding]:
    """Point at an end that is none."""
    # Compared by distance: a last day near the end of the calendar cannot be reached by adding.
    if auth.expires and auth.expires - today > _LONGEST:
        yield Finding(
            path="settings.auth.expires",
            rule="D13",
            what=f"the shared password lasts until {auth.expires}, more than a year.",
            follows="By then nobody knows any more who was told it.",
            remedy="Give a nearer day; it can be moved on purpose.",
            severity="warning",
        )


def shared_password_is_for_few(auth: SharedPassword, about: About) -> Iterator[Finding]:
    """Refuse one password for more people than anyone can name."""
    if about.scale.users > _MANY:
        yield Finding(
            path="settings.about.scale.users",
            rule="D13",
            what=f"{about.scale.users} people would share one password.",
            follows="A password that so many know is known to others too, and opens every home.",
            remedy=f"Use a sign-in with identities above {_MANY} people.",
        )


def shared_password_is_no_production(
    auth: SharedPassword, availability: Availability, ingress: Door
) -> Iterator[Finding]:
    """Refuse a test's sign-in under a service that must not be away; on one machine, point at it."""
    if isinstance(availability, FastRestart):
        yield Finding(
            path="settings.availability.kind",
            rule="D13",
            what="the hub is to survive the loss of a node, and sign-in is a test's shared password.",
            follows="What began as a test is relied on like production, without accounts.",
            remedy="Use a sign-in with identities, or say availability.kind: none.",
            severity="warning" if ingress.reach == "machine" else "error",
        )


def groups_of_a_password_are_of_its_users(auth: SharedPassword) -> Iterator[Finding]:
    """Refuse members who cannot sign in, and groups where any name may."""
    known = {*auth.users, *auth.administrators}
    for name, members in auth.groups.items():
        for place, one in enumerate(members):
            if one not in known:
                yield Finding(
                    path=f"settings.auth.groups.{name}[{place}]",
                    rule="D13",
                    what=f"{one} is in a group, and neither among users nor administrators.",
                    follows="The name means nothing: nobody is let in as a member of a group."
                    if not auth.any_name
                    else "Whoever types the name is in the group.",
                    remedy="List the people in auth.users, or correct the name.",
                )


def groups_of_a_password_keep_nobody_out(auth: SharedPassword) -> Iterator[Finding]:
    """Point at groups that a shared password cannot keep apart."""
    known = {*auth.users, *auth.administrators}
    if auth.groups and all(known.issuperset(members) for members in auth.groups.values()):
        yield Finding(
            path="settings.auth.groups",
            rule="D13",
            what="users of one shared password are put into groups.",
            follows="Each of them can type the name of another: what a group may, all testers may.",
            remedy="Keep it to a try of capabilities; for more, sign in by identities.",
            severity="warning",
        )


RULES = (
    groups_of_a_password_are_of_its_users,
    groups_of_a_password_keep_nobody_out,
    shared_password_stays_private,
    shared_password_is_not_for_the_public,
    shared_password_names_its_users,
    any_name_stays_on_the_machine,
    administrators_are_not_users,
    shared_password_has_not_ended,
    shared_password_has_an_end,
    shared_password_ends_within_a_year,
    shared_password_is_for_few,
    shared_password_is_no_production,
)
