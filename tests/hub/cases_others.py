"""Rows of GitHub (organisations, teams, names that change) and of Cloudflare Access (groups by name)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.hub.cases import Case, Outcome, enters, refused
from tests.hub.cases_common import common, signed_by_others, with_interface
from tests.unit.documents import committed

TEAM = committed("lab")["auth"]["groups"]["members"]
ORGANISATION, _, SLUG = TEAM.partition(":")
NAMES = committed("carbon254")["auth"]["groups"]
ELSEWHERE = "https://other.cloudflareaccess.com/cdn-cgi/access/sso/oidc/another"


def github() -> Iterator[Case]:
    """Give all of GitHub."""
    yield from common("github")
    yield from with_interface("github")
    for what, fault in {
        "has used up the hub's allowance": "spent",
        "has used up the allowance of a minute": "throttles",
    }.items():
        yield Case(
            "github",
            f"a member who {what}",
            refused("provider_error"),
            change={"faults": [fault], "at": ["api"]},
        )
        yield Case(
            "github",
            f"a stranger who {what}",
            refused("provider_error"),
            (),
            {"faults": [fault], "at": ["api"]},
        )
    # Teams are known by name alone: so says the page of GitHub, and so does ours.
    yield Case("github", "a member of a team made anew under its name", enters())
    for what, teams in {
        "a team that was renamed": (ORGANISATION, f"{ORGANISATION}:renamed"),
        "the organisation alone": (ORGANISATION,),
        "another team": (ORGANISATION, f"{ORGANISATION}:others"),
        "a team of that name elsewhere": ("elsewhere", f"elsewhere:{SLUG}"),
        "a team whose name begins so": (ORGANISATION, f"{TEAM}s"),
        "another organisation": ("elsewhere",),
    }.items():
        yield Case("github", f"a member of {what}", refused("not_member"), teams)
    for what, told in {
        "login": {"login": None},
        "id": {"id": None},
    }.items():
        yield Case("github", f"an answer without {what}", refused("claim_missing"), change={"told": told})
    yield Case(
        "github",
        "a stranger called as a member",
        refused("not_member"),
        (),
        {"claims": {"login": "no-member"}},
    )
    yield Case(
        "github", "a member renamed before", enters("now-called"), change={"claims": {"login": "Now-Called"}}
    )
    same = {"claims": {"login": "a-member"}}
    yield Case("github", "a new owner of a member's name", refused("not_member"), (), same)
    yield Case("github", "a member who took a member's name", refused("another_person"), change=same)
    whole = "whole organisation"
    yield Case("github", "of the organisation", enters(), (ORGANISATION,), hub=whole)
    yield Case("github", "of no organisation", refused("not_member"), (), hub=whole)
    yield Case("github", "of another organisation", refused("not_member"), ("elsewhere",), hub=whole)
    yield Case("github", "an administrator", enters(admin=True), ("administrator",))


_TOLD: dict[str, tuple[Mapping[str, Any], Outcome]] = {
    "has no groups": ({"groups": None}, refused("not_member")),
    "has one text as groups": ({"groups": NAMES["users"]}, refused("not_member")),
    "has objects as groups": ({"groups": [{"id": "1", "name": NAMES["admins"]}]}, refused("not_member")),
    "has a number as groups": ({"groups": 7}, refused("not_member")),
    "has groups in capitals": ({"groups": [NAMES["users"].upper()]}, refused("not_member")),
    "has a longer group": ({"groups": [f"{NAMES['users']}-former"]}, refused("not_member")),
    "has no address": ({"email": None}, refused("claim_missing")),
    "has an empty address": ({"email": ""}, refused("claim_missing")),
    "has no subject": ({"sub": None}, refused("claim_missing")),
}
_TOKEN: dict[str, tuple[Mapping[str, Any], Outcome]] = {
    "for another application": ({"aud": "another"}, refused("wrong_audience")),
    "by another issuer": ({"iss": ELSEWHERE}, refused("wrong_issuer")),
    "that has ended": ({"exp": 1}, refused("token_expired")),
}


def cloudflare() -> Iterator[Case]:
    """Give all of Cloudflare Access."""
    yield from common("cloudflare")
    yield from with_interface("cloudflare")
    yield from signed_by_others("cloudflare")
    yield Case("cloudflare", "a member of a group that was renamed", refused("not_member"), ("renamed",))
    yield Case("cloudflare", "a member of a group made anew under its name", enters())
    yield Case("cloudflare", "an administrator", enters(admin=True), ("administrator",))
    yield Case("cloudflare", "a member of another group", refused("not_member"), ("others",))
    for what, (told, expected) in _TOLD.items():
        yield Case("cloudflare", f"a member whose answer {what}", expected, change={"told": told})
    for what, (told, expected) in _TOKEN.items():
        yield Case("cloudflare", f"a member with a token {what}", expected, change={"told": told})
    namesake = {"told": {"email": "a-member@cloudflare.example"}}
    yield Case("cloudflare", "a member who got another's address", refused("another_person"), change=namesake)
    yield Case("cloudflare", "a member by number", enters("{id}"), hub="by subject")
    yield Case(
        "cloudflare", "a member with another's address", enters("{id}"), change=namesake, hub="by subject"
    )
    yield Case(
        "cloudflare", "a member with a forged token", refused("token_invalid"), change={"faults": ["forged"]}
    )
