"""Rules about the application as it is registered: its secret's end, and what its tokens say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from settings.auth import Cloudflare, Entra, GitHub
from settings.finding import Finding

_SOON = timedelta(days=30)
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def the_client_secret_has_not_ended(auth: Entra | GitHub | Cloudflare, today: date) -> Iterator[Finding]:
    """Refuse a client secret past its end, and point at one that is near it."""
    end = auth.client_secret_expires
    if end is None or end - today > _SOON:
        return
    ended = end <= today
    yield Finding(
        path="settings.auth.clientSecretExpires",
        rule="A5",
        what=f"the client secret ended on {end}." if ended else f"the client secret ends on {end}.",
        follows="The provider refuses the hub: nobody signs in, and an hour later nobody starts a server.",
        remedy="Make a new secret at the provider, set it as `ops secrets` says, and write its end here.",
        severity="error" if ended else "warning",
    )


def groups_of_entra_are_ids(auth: Entra) -> Iterator[Finding]:
    """Refuse names where the token has object ids, and object ids where it has the values of roles."""
    by_role = auth.access == "roles"
    for name, value in auth.groups.items():
        if bool(_OBJECT_ID.fullmatch(value)) == by_role:
            yield Finding(
                path=f"settings.auth.groups.{name}",
                rule="D4",
                what=f"{value} is an object id, and access is by roles."
                if by_role
                else f"'{value}' is not an object id in lower case, and access is by groups.",
                follows="No token ever has it, so nobody would be in the group.",
                remedy="Give the role's value, such as jupyterhub.user."
                if by_role
                else "Give the group's object id from its page in Entra ID, or say access: roles.",
            )


def homes_are_named_by_what_stays(auth: Entra) -> Iterator[Finding]:
    """Point at a name that the tenant changes, and gives to others."""
    if auth.username_claim != "oid":
        yield Finding(
            path="settings.auth.usernameClaim",
            rule="D5",
            what=f"homes are named by {auth.username_claim}, which changes when somebody's name does.",
            follows="Who is renamed is refused until an administrator has moved the home; so is whoever "
            "is later given the old name.",
            remedy="Say usernameClaim: oid for a new hub. On one with homes keep what it has: a change "
            "renames every home.",
            severity="warning",
        )


def a_second_factor_can_be_shown(auth: Entra) -> Iterator[Finding]:
    """Point at a demand that the tokens of version 2 do not meet by themselves."""
    if auth.mfa == "required" and auth.authentication_context is None:
        yield Finding(
            path="settings.auth.mfa",
            rule="A4",
            what="the hub asks the token for a second factor, and names no authentication context.",
            follows="Entra ID's tokens of version 2 carry no amr unless the tenant adds it: "
            "everybody would be refused.",
            remedy="Protect an authentication context by Conditional Access, have the optional claim acrs "
            "in the id token, and name the context in auth.authenticationContext.",
            severity="warning",
        )


def an_authentication_context_is_asked_for(auth: Entra) -> Iterator[Finding]:
    """Refuse a context without effect."""
    if auth.mfa != "required" and auth.authentication_context is not None:
        yield Finding(
            path="settings.auth.authenticationContext",
            rule="A4",
            what=f"{auth.authentication_context} is named, and mfa is {auth.mfa}.",
            follows="The hub neither asks for the context nor looks for it.",
            remedy="Say mfa: required, or leave authenticationContext out.",
        )


RULES = (
    the_client_secret_has_not_ended,
    groups_of_entra_are_ids,
    homes_are_named_by_what_stays,
    a_second_factor_can_be_shown,
    an_authentication_context_is_asked_for,
)
