"""Each check of a sign-in, taken out of the hub: a row of the table must then come out otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.hub.cases import Case, Provider, auth_of
from tests.hub.cases_run import Row, kept, rows, write
from tests.hub.cases_world import Changed, World, hub_of, running_world
from tests.hub.test_table import CASES

_TAKEN_OUT = """
import {module}
_original = {module}.demand

def demand(claims, claim, *rest):
    if claim != "{claim}":
        _original(claims, claim, *rest)

{module}.demand = demand
"""
_ANYBODY = """
import {module}

async def check_allowed(self, username, auth_model):
    return True

{module}.{name}.check_allowed = check_allowed
"""
_DECODED = """
import id_tokens
_decode = id_tokens.jwt.decode

def decode(token, key, **more):
    more["options"] = {{**more["options"], "{option}": False}}
    return _decode(token, key, **more)

id_tokens.jwt.decode = decode
"""
_STATE = """
from oauthenticator.oauth2 import OAuthCallbackHandler
OAuthCallbackHandler.check_state = lambda self: None
"""
_PKCE = "c.OAuthenticator.enable_pkce = c.{section}.enable_pkce = False\n"
_NAMESAKE = """
import signing_in
from oauthenticator.oauth2 import OAuthenticator
signing_in.SigningIn.run_post_auth_hook = OAuthenticator.run_post_auth_hook
"""
_ONE_FACTOR = """
import sign_in_entra
sign_in_entra.Entra._shows_second_factor = lambda self, claims: True
"""


@dataclass(frozen=True)
class Check:
    """A check, how it is taken out, and the rows that then let somebody in, by their words."""

    name: str
    provider: Provider
    without: str
    rows: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.provider}, {self.name}"

    @property
    def cases(self) -> list[Case]:
        """Its rows."""
        found = [case for case in CASES[self.provider] if case.what in self.rows]
        assert len(found) == len(self.rows)
        return found


_LINK = "a member by a link with an attacker's code"
_STOLEN = "a member with a code taken from another's browser"
_SECTIONS: dict[Provider, str] = {
    "entra": "AzureAdOAuthenticator",
    "github": "GitHubOAuthenticator",
    "cloudflare": "GenericOAuthenticator",
}


def _checks() -> Iterator[Check]:
    anybody = _ANYBODY.format(module="signing_in", name="SigningIn")
    for provider, section in _SECTIONS.items():
        pkce = _PKCE.format(section=section)
        yield Check("group", provider, anybody, ("a stranger",))
        yield Check("PKCE", provider, pkce, (_STOLEN,))
        # One alone does not open the door: whose code it is, is asked twice.
        yield Check("state and PKCE", provider, _STATE + pkce, (_LINK,))
    for provider, module in (("entra", "sign_in_entra"), ("cloudflare", "sign_in_cloudflare")):
        of_issuer = _TAKEN_OUT.format(module=module, claim="iss")
        yield Check("issuer", provider, of_issuer, ("a member with a token by another issuer",))
        for name, option, row in (
            ("audience", "verify_aud", "a member with a token for another application"),
            ("end", "verify_exp", "a member with a token that has ended"),
            ("signature", "verify_signature", "a member with a forged token"),
        ):
            yield Check(name, provider, _DECODED.format(option=option), (row,))
    tenant = ("a member with a token with another tenant and our issuer",)
    yield Check("tenant", "entra", _TAKEN_OUT.format(module="sign_in_entra", claim="tid"), tenant)
    namesakes = ("a member", "a member who got another's name")
    yield Check("namesakes", "entra", _NAMESAKE, namesakes)
    yield Check("namesakes", "cloudflare", _NAMESAKE, ("a member", "a member who got another's address"))
    yield Check("namesakes", "github", _NAMESAKE, ("a member", "a member who took a member's name"))
    yield Check("second factor", "entra", _ONE_FACTOR, ("a member with a password alone",))


CHECKS = list(_checks())
ALONE = [Check("state", provider, _STATE, (_LINK,)) for provider in _SECTIONS]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    people = {(case.provider, case.person): case for check in CHECKS for case in check.cases}
    with running_world(tmp_path_factory.mktemp("world"), people.values()) as running:
        yield running


@dataclass
class Seen:
    """What was observed, each hub run once whoever asks first."""

    world: World
    known: dict[str, list[Row]] = field(default_factory=dict)

    def of(self, check: Check) -> list[Row]:
        """Give the check's rows at a hub without it."""
        if str(check) not in self.known:
            cases = check.cases
            with hub_of(self.world, check.provider, _hub(check.provider, check.without, cases[0].hub)) as hub:
                self.known[str(check)] = rows(self.world, hub, cases)
        return self.known[str(check)]


@pytest.fixture(scope="module")
def seen(world: World) -> Seen:
    return Seen(world)


def taken_out(seen: Seen) -> list[str]:
    """Write down what came of the row that each check keeps right."""
    lines = ["| taken out | provider | who | expected | observed without it |", "|---|---|---|---|---|"]
    for check in (*CHECKS, *ALONE):
        row = seen.of(check)[-1]
        expected, observed = row.told(row.case.expects()), row.told(row.observed)
        cells = (check.name, check.provider, row.case.what, expected, observed)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _hub(provider: Provider, without: str, name: str = "") -> Changed:
    return Changed({"auth": auth_of(provider, name)}, then=without)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_without_it_somebody_gets_in(seen: Seen, check: Check) -> None:
    row = seen.of(check)[-1]
    assert row.hole, str(row)


@pytest.mark.parametrize("check", ALONE, ids=str)
def test_without_the_state_alone_another_check_refuses(seen: Seen, check: Check) -> None:
    """The row comes out otherwise all the same: the reason is another one."""
    (row,) = seen.of(check)
    assert not row.right
    assert row.observed.reason == "code_refused"


def test_no_check_is_missing() -> None:
    named = {(check.provider, check.name) for check in (*CHECKS, *ALONE)}
    everywhere = {(provider, name) for provider in CASES for name in ("group", "state", "PKCE")}
    # GitHub signs no token, and has no tenants: organisations and teams are its groups.
    assert named >= everywhere | {("entra", "tenant"), ("entra", "audience"), ("cloudflare", "audience")}


def test_the_page_shows_what_was_seen(seen: Seen) -> None:
    lines = taken_out(seen)
    write("checks", lines)
    assert kept("checks", lines) == "\n".join([*lines, ""]), "reviewed? then UPDATE_GOLDEN=1 and this file"
