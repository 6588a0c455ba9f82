"""Rows of Entra ID: groups by object id, too many of them, and tokens that are not for this hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.hub.cases import HUBS, Case, Outcome, enters, refused
from tests.hub.cases_common import common, signed_by_others
from tests.unit.documents import committed

AUTH = committed("aiv-prod")["auth"]
GROUPS = AUTH["groups"]
CLOUDS = {
    "US government's cloud": "login.microsoftonline.us",
    "China's cloud": "login.partner.microsoftonline.cn",
}
ELSEWHERE = "0d1e2f30-4152-4637-8899-aabbccddeeff"
_SCALE = {"faults": ["overage"]}


def many(*more: str) -> tuple[str, ...]:
    """Groups that nobody here knows, and some more."""
    return (*(f"00000000-0000-4000-8000-{number:012d}" for number in range(201 - len(more))), *more)


# What a token says in place of what it should, and the word for it.
_TOLD: dict[str, tuple[Mapping[str, Any], Outcome]] = {
    "of another tenant": (
        {"tid": ELSEWHERE, "iss": f"https://login.microsoftonline.com/{ELSEWHERE}/v2.0"},
        refused("wrong_tenant"),
    ),
    "with another tenant and our issuer": ({"tid": ELSEWHERE}, refused("wrong_tenant")),
    "without a tenant": ({"tid": None}, refused("claim_missing")),
    "for another application": ({"aud": ELSEWHERE}, refused("wrong_audience")),
    "for nobody": ({"aud": None}, refused("claim_missing")),
    "by another issuer": ({"iss": "https://login.example/v2.0"}, refused("wrong_issuer")),
    "of version 1's issuer": (
        {"iss": f"https://sts.windows.net/{AUTH['tenantId']}/"},
        refused("wrong_issuer"),
    ),
    "by nobody": ({"iss": None}, refused("claim_missing")),
    "that has ended": ({"exp": 1}, refused("token_expired")),
    "that never ends": ({"exp": None}, refused("claim_missing")),
    "that has not begun": ({"nbf": 4102444800}, refused("token_expired")),
    "without a name": ({"preferred_username": None}, refused("claim_missing")),
    "with an empty name": ({"preferred_username": ""}, refused("claim_missing")),
    "without groups": ({"groups": None}, refused("not_member")),
    "with groups by name": ({"groups": ["users", "admins", "jupyterhub-users"]}, refused("not_member")),
    "with a group's name around its id": ({"groups": [f"x{GROUPS['users']}"]}, refused("not_member")),
    "with one text in place of groups": ({"groups": GROUPS["users"]}, refused("not_member")),
    "with objects in place of groups": ({"groups": [{"id": GROUPS["users"]}]}, refused("not_member")),
    "with a role in place of a group": (
        {"groups": [], "roles": [GROUPS["users"]]},
        refused("not_member"),
    ),
}


def entra() -> Iterator[Case]:
    """Give them all."""
    yield from common("entra")
    yield Case("entra", "an administrator", enters(admin=True), ("administrator",))
    yield Case(
        "entra", "an administrator without the users' group", enters(admin=True), ("only-administrator",)
    )
    yield Case("entra", "a member of the GPUs' group alone", refused("not_member"), (GROUPS["gpu"],))
    yield Case(
        "entra",
        "a member with the code of another application",
        refused("code_refused"),
        act="with the code of another application",
    )
    for what, (told, expected) in _TOLD.items():
        yield Case("entra", f"a member with a token {what}", expected, change={"told": told})
    yield Case(
        "entra", "a member with a forged token", refused("token_invalid"), change={"faults": ["forged"]}
    )
    namesake = {"told": {"preferred_username": "a-member@entra.example"}}
    yield Case("entra", "a member who got another's name", refused("another_person"), change=namesake)
    capitals = {"told": {"preferred_username": "A-Member@Entra.Example"}}
    yield Case(
        "entra", "a member who got another's name in capitals", refused("another_person"), change=capitals
    )
    yield from signed_by_others("entra")
    yield from _groups_that_change()
    yield from _of_other_tenants()
    yield from _overage()
    yield from _other_hubs()
    for hub, login in CLOUDS.items():
        yield from _other_clouds(hub, login)


def _groups_that_change() -> Iterator[Case]:
    """A token names groups by object id, whatever they are called."""
    yield Case("entra", "a member of a group that was renamed", enters())
    yield Case("entra", "a member of a group made anew under its name", refused("not_member"), (ELSEWHERE,))


def _of_other_tenants() -> Iterator[Case]:
    """Guests are accounts of this tenant, with an object id of their own here."""
    from_elsewhere = {"idp": f"https://sts.windows.net/{ELSEWHERE}/", "acct": 1}
    guest = {"told": from_elsewhere}
    yield Case("entra", "a guest in the group", enters(), change=guest)
    yield Case("entra", "a guest in no group", refused("not_member"), (), guest)
    yield Case("entra", "a guest by object id", enters("{id}"), change=guest, hub="by object id")
    name = "guest_home.example#EXT#@pretended.onmicrosoft.com"
    long = {"told": {**from_elsewhere, "upn": name}}
    yield Case("entra", "a guest by upn", enters(name.lower()), change=long, hub="by upn")
    yield Case("entra", "a guest by upn in no group", refused("not_member"), (), long, hub="by upn")
    at_home = {"tid": ELSEWHERE, "iss": f"https://login.microsoftonline.com/{ELSEWHERE}/v2.0"}
    for what, told in {
        "with the account of the other": {**at_home, "oid": ELSEWHERE},
        "with the other's tenant alone": {"tid": ELSEWHERE},
        "with the other's issuer alone": {"iss": at_home["iss"]},
    }.items():
        word = "wrong_tenant" if "tid" in told else "wrong_issuer"
        yield Case("entra", f"somebody of two tenants {what}", refused(word), change={"told": told})


def _other_clouds(hub: str, login: str) -> Iterator[Case]:
    """Clouds of their own: other hosts of sign-in and Graph, and other issuers."""
    yield Case("entra", "a member there", enters(), hub=hub)
    yield Case("entra", "an administrator there", enters(admin=True), ("administrator",), hub=hub)
    yield Case("entra", "a stranger there", refused("not_member"), (), hub=hub)
    yield Case("entra", "with the groups elsewhere", enters(), change=_SCALE, hub=hub)
    yield Case("entra", "a stranger, elsewhere", refused("not_member"), (), _SCALE, hub=hub)
    limits = {"faults": ["overage", "limits"], "at": ["api"]}
    yield Case("entra", "while Graph is asked too often", refused("provider_error"), change=limits, hub=hub)
    tenant = HUBS[hub]["tenantId"]
    for what, told, word in (
        ("of the global cloud", {"iss": f"https://login.microsoftonline.com/{tenant}/v2.0"}, "wrong_issuer"),
        ("of a tenant there", {"tid": ELSEWHERE, "iss": f"https://{login}/{ELSEWHERE}/v2.0"}, "wrong_tenant"),
        ("for the hub of another cloud", {"aud": AUTH["clientId"]}, "wrong_audience"),
    ):
        yield Case("entra", f"a token {what}", refused(word), change={"told": told}, hub=hub)


def _overage() -> Iterator[Case]:
    """More groups than a token takes: Graph is asked, and without its answer nobody gets in."""
    yield Case("entra", "a member of 200 groups", enters(), many(GROUPS["users"])[1:])
    yield Case("entra", "a member of 201 groups", enters(), many(GROUPS["users"]))
    yield Case("entra", "a stranger of 201 groups", refused("not_member"), many())
    yield Case("entra", "an administrator of 201 groups", enters(admin=True), many(GROUPS["admins"]))
    yield Case("entra", "a member with the groups elsewhere", enters(), change=_SCALE)
    yield Case("entra", "a stranger with the groups elsewhere", refused("not_member"), (), _SCALE)
    graph: Mapping[str, tuple[Mapping[str, Any], str]] = {
        "while Graph fails": ({"faults": ["overage", "fails"]}, "provider_error"),
        "while Graph is asked too often": ({"faults": ["overage", "limits"]}, "provider_error"),
        "while Graph hangs up": ({"faults": ["overage", "cut"]}, "provider_unreachable"),
        "while Graph is too slow": ({"faults": ["overage"], "slow": 5}, "provider_unreachable"),
        "of whom Graph may not tell": ({"faults": ["overage", "forbids"]}, "groups_unknown"),
    }
    for what, (more, reason) in graph.items():
        for who in ("member", "administrator"):
            whom = f"somebody of too many groups, {who}, {what}"
            yield Case("entra", whom, refused(reason), (who,), {**more, "at": ["api"]})


def _other_hubs() -> Iterator[Case]:
    roles, factor, named = "by app roles", "second factor", "by object id"
    for who, held, expected in (
        ("a holder of the users' role", ["hub.user"], enters()),
        ("a holder of the administrators' role", ["hub.admin", "hub.user"], enters(admin=True)),
        ("a holder of another role", ["hub.users"], refused("not_member")),
        ("a holder of no role", None, refused("not_member")),
    ):
        yield Case("entra", who, expected, (), known={"roles": held}, hub=roles)
    yield Case("entra", "a member of the groups alone", refused("not_member"), hub=roles)
    yield Case(
        "entra", "with a role's name for a group", refused("not_member"), ("hub.user", "hub.admin"), hub=roles
    )
    yield Case(
        "entra", "of too many groups, with a role", enters(), many(), known={"roles": ["hub.user"]}, hub=roles
    )
    for what, known, expected in (
        ("a password alone", {"amr": ["pwd"]}, refused("second_factor")),
        ("no method told", {"amr": None}, refused("second_factor")),
        ("a second factor", {"amr": ["pwd", "mfa"]}, enters()),
        ("the context that was asked for", {"amr": None, "acrs": ["c1"]}, enters()),
        ("another context", {"amr": None, "acrs": ["c2"]}, refused("second_factor")),
        ("a context that begins so", {"amr": None, "acrs": ["c11"]}, refused("second_factor")),
    ):
        yield Case("entra", f"a member with {what}", expected, known=known, hub=factor)
        groups = ("administrator",)
        only = replace(expected, admin=bool(expected.name))
        yield Case("entra", f"an administrator with {what}", only, groups, known=known, hub=factor)
    yield Case("entra", "a member by number", enters("{id}"), hub=named)
    renamed = {"told": {"preferred_username": "a-member@entra.example"}}
    yield Case("entra", "a member with another's name", enters("{id}"), change=renamed, hub=named)
    yield Case(
        "entra",
        "a member without a number",
        refused("claim_missing"),
        change={"told": {"oid": None}},
        hub=named,
    )
