"""Rows that every provider has: people, browsers honest and not, and a provider that is ill."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hub.cases import Act, Case, Outcome, Provider, enters, refused, stopped

_ACTS: dict[Act, Outcome] = {
    "wrong password": stopped(200),
    "without the state's cookie": refused("state_mismatch"),
    "with another's cookie of a state": refused("state_mismatch"),
    "with another state": refused("state_mismatch"),
    "without a state": refused("state_mismatch"),
    "without a code": refused("code_missing"),
    "with a made-up code": refused("code_refused"),
    "with a code taken from another's browser": refused("code_refused"),
    "by a link with an attacker's code": refused("state_mismatch"),
    "with a code for the second time": refused("code_refused"),
    "with an error in the callback": refused("provider_refused"),
    "with a made-up session": refused("", 200),
    "as a name in the form": refused("code_missing"),
}
_FAULTS: dict[str, tuple[dict[str, object], Outcome]] = {
    "whose account is disabled": ({"faults": ["disabled"]}, stopped()),
    "who has no role for the application": ({"faults": ["unassigned"]}, stopped()),
    "who declines at the provider": ({"faults": ["declined"]}, refused("provider_refused")),
    "whose code was redeemed by somebody": ({"faults": ["replayed"]}, refused("code_refused")),
    "while the token endpoint fails": ({"faults": ["fails"], "at": ["token"]}, refused("provider_error")),
    "while the token endpoint hangs up": (
        {"faults": ["cut"], "at": ["token"]},
        refused("provider_unreachable"),
    ),
    "while the token endpoint is asked too often": (
        {"faults": ["limits"], "at": ["token"]},
        refused("provider_error"),
    ),
    "while the token endpoint is slow": ({"slow": 0.5, "at": ["token"]}, enters()),
    "while the token endpoint is too slow": ({"slow": 5, "at": ["token"]}, refused("provider_unreachable")),
    "while answers are oversized": ({"faults": ["oversized"]}, enters()),
}
_API_FAULTS: dict[str, tuple[dict[str, object], Outcome]] = {
    "while the interface fails": ({"faults": ["fails"], "at": ["api"]}, refused("provider_error")),
    "while the interface hangs up": ({"faults": ["cut"], "at": ["api"]}, refused("provider_unreachable")),
    "while the interface is asked too often": (
        {"faults": ["limits"], "at": ["api"]},
        refused("provider_error"),
    ),
    "while the interface is slow": ({"slow": 0.5, "at": ["api"]}, enters()),
    "while the interface is too slow": ({"slow": 5, "at": ["api"]}, refused("provider_unreachable")),
    "whose token is void at once": ({"faults": ["revoked"]}, refused("session_revoked")),
    "who is refused at the interface": ({"faults": ["forbids"], "at": ["api"]}, refused("account_disabled")),
}


def common(provider: Provider) -> Iterator[Case]:
    """Give them for one provider."""
    yield Case(provider, "a member", enters())
    yield Case(provider, "a stranger", refused("not_member"), ())
    for act, expected in _ACTS.items():
        yield Case(provider, f"a member {act}", expected, act=act)
    for what, (change, expected) in _FAULTS.items():
        yield Case(provider, f"a member {what}", expected, change=change)
    # A stranger stays one, whatever else is wrong.
    for what in ("while the token endpoint is slow", "while answers are oversized"):
        yield Case(provider, f"a stranger {what}", refused("not_member"), (), _FAULTS[what][0])
    yield Case(
        provider,
        "a stranger with a code taken from another's browser",
        refused("code_refused"),
        (),
        act="with a code taken from another's browser",
    )


def signed_by_others(provider: Provider) -> Iterator[Case]:
    """Give those of a provider whose tokens are signed: other clocks than the hub's, and other keys."""
    clocks: dict[str, tuple[float, Outcome]] = {
        "half a minute ahead": (30, enters()),
        "five minutes ahead": (300, refused("token_expired")),
        "five minutes behind": (-300, enters()),
        "two days behind": (-2 * 86400, refused("token_expired")),
    }
    for what, (ahead, expected) in clocks.items():
        yield Case(provider, f"a member of a clock {what}", expected, change={"ahead": ahead})
    keys = "change of keys"
    yield Case(provider, "a member before the provider has a new key", enters(), hub=keys)
    yield Case(provider, "a member with a token of the new key", enters(), hub=keys)
    yield Case(provider, "a stranger with a token of the new key", refused("not_member"), (), hub=keys)
    withdrawn = {"faults": ["withdrawn"]}
    yield Case(
        provider, "with a token of the withdrawn key", refused("token_invalid"), change=withdrawn, hub=keys
    )
    forged = {"faults": ["forged"]}
    yield Case(provider, "with a forgery after the change", refused("token_invalid"), change=forged, hub=keys)


def with_interface(provider: Provider) -> Iterator[Case]:
    """Give those of a provider whom the hub asks about each person with an access token."""
    for what, (change, expected) in _API_FAULTS.items():
        yield Case(provider, f"a member {what}", expected, change=change)
