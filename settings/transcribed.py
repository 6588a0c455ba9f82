"""What a values file or a jupyterhub_config.py has in a setting's place: words of JupyterHub and its chart.

Whoever carries such a file over writes them as they stood there. Each is refused as any unknown word is;
those that let somebody in, or put a secret into a file, are told with what they would have done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class Told:
    """What is said in place of the plain words: the rule, and the three sentences."""

    rule: str
    what: str
    follows: str
    remedy: str


_GROUPS_IGNORED = (
    "The hub of chart 2.0.0 ignores it and lets every account of the tenant in; a newer one does not start "
    "with it unless it manages groups."
)
_GROUPS_DEFINED = "Define each group once in auth.groups by its identity at the provider, and "
_BY_ITSELF = "Leave it out: the program sets it itself for every provider with groups."
_UNMANAGED = "One forgotten line of this kind, and the hub does not start, or knows no groups."
_NAME_TAKEN = "Whoever gets another's name at the provider gets that person's home with it."
_IN_THE_HISTORY = "It would lie in plain text in git, in the release's history and in the chart's Secret."
_CODE = Told(
    "D15",
    "it is the chart's way to run any text in the hub.",
    "What it says passes every check by: who gets in, and secrets that then lie in the release's history.",
    "Say in auth who signs in; a secret is an encrypted flat key of its own, or a Secret of the cluster.",
)

_ANYWHERE: Mapping[str, Told] = {
    "allowedgroups": Told(
        "D3",
        "allowed_groups is a word of the hub's own configuration.",
        _GROUPS_IGNORED,
        f"{_GROUPS_DEFINED}say by its name that it may sign in.",
    ),
    "admingroups": Told(
        "D3",
        "admin_groups is a word of the hub's own configuration.",
        _GROUPS_IGNORED,
        f"{_GROUPS_DEFINED}say by its name that it administers.",
    ),
    "managegroups": Told("D3", "manage_groups is nothing to choose.", _UNMANAGED, _BY_ITSELF),
    "enableauthstate": Told("D3", "enable_auth_state is nothing to choose.", _UNMANAGED, _BY_ITSELF),
    "allowall": Told(
        "D2",
        "allow_all lets in whoever has an account at the provider.",
        "At GitHub that is everybody on earth, with processors and GPUs.",
        "Name who may sign in: groups, organisations or teams.",
    ),
    "adminusers": Told(
        "D2",
        "admin_users is a word of the hub's own configuration, and says of nobody else who gets in.",
        "With it alone a hub of chart 2.0.0 lets in every account of the provider, and a newer one "
        "administrators alone.",
        "Say in capabilities which group may sign in, and which of them administers.",
    ),
    "clientsecret": Told(
        "D15",
        "the client secret is no setting.",
        _IN_THE_HISTORY,
        "Make a new one, since this one is known: pulumi config set --secret jupyterhub:oauthClientSecret.",
    ),
    "oauthcallbackurl": Told(
        "D44",
        "the way back from the provider is made from ingress and tls.",
        "Typed by hand it differs from the host one day, and the provider sends everybody away.",
        "Leave it out; pulumi stack output callbackUrl prints the address to register.",
    ),
}
_SHARED: Mapping[str, Told] = {
    "password": Told(
        "D13",
        "the shared password is no setting.",
        _IN_THE_HISTORY,
        "Keep it encrypted, jupyterhub:sharedPassword; administrators have one of their own, adminPassword.",
    ),
    "adminusers": Told(
        "D13",
        "admin_users would make administrators of names that the shared password opens.",
        "Each tester signs in as an administrator, and reads every home.",
        "Name them in auth.administrators: they have a second, long password (adminPassword).",
    ),
}
_NO_LIST = "A hub that is told nobody lets administrators in and nobody else, or in older charts everybody."
_MISSING: Mapping[tuple[str, str], Told] = {
    ("github", "groups"): Told(
        "D2",
        "no organisation and no team is named.",
        "GitHub tells who somebody is, not whether they belong here: a hub of chart 2.0.0 lets in every "
        "account on earth, a newer one administrators alone.",
        "Give each team a name of ours in auth.groups, such as {members: organisation:team}, and say in "
        "capabilities which may sign in.",
    ),
    ("entra", "groups"): Told(
        "D3",
        "no group is defined.",
        "Names of groups stand in no token of Entra ID: nobody would be in one, and nobody would get in.",
        "Give each group a name of ours in auth.groups, and the object id from its page in Entra ID.",
    ),
    ("cloudflare", "groups"): Told(
        "D34",
        "no group is defined.",
        _NO_LIST,
        "Give each group a name of ours in auth.groups, and its name in the claim of Cloudflare Access.",
    ),
}
_PROVIDERS: Mapping[str, Told] = {
    "dummy": Told(
        "D13",
        "the dummy sign-in takes any name with one password, an administrator's too.",
        "Whoever knows the password signs in as an administrator, and reads every home.",
        "For a try say provider: sharedPassword, which has a password for testers and another for "
        "administrators; else entra, github or cloudflare.",
    ),
}
_CLAIMS: Mapping[str, Told] = {
    "name": Told(
        "D5",
        "name is the display name: two people may share it, and it changes.",
        _NAME_TAKEN,
        "Leave usernameClaim out for the object id, which is nobody else's ever; preferred_username and upn "
        "are readable, and change when somebody is renamed.",
    ),
    "email": Told(
        "D5",
        "email is what somebody wrote into a directory; Entra ID does not verify it.",
        _NAME_TAKEN,
        "Leave usernameClaim out for the object id, or say preferred_username or upn.",
    ),
}


def told(fault: ErrorDetails, document: object) -> Told | None:
    """Give what is to be said of a fault of the shape, where it is such a word."""
    place = tuple(str(part) for part in fault["loc"])
    kind = fault["type"]
    if kind == "extra_forbidden":
        return _of_a_word(place)
    if place[:1] != ("auth",):
        return None
    if kind == "missing":
        return _MISSING.get((_provider(document), place[-1]))
    known = {"union_tag_invalid": _PROVIDERS, "literal_error": _CLAIMS}.get(kind, {})
    return known.get(_tag(fault) if kind == "union_tag_invalid" else str(fault["input"]))


def _of_a_word(place: tuple[str, ...]) -> Told | None:
    # However it is spelt: allowed_groups, allowedGroups.
    word = re.sub(r"[^a-z]", "", place[-1].lower())
    if place[0] == "hub" and word in {"config", "extraconfig"}:
        return _CODE
    if place[0] != "auth":
        return None
    if "sharedPassword" in place and word in _SHARED:
        return _SHARED[word]
    return _ANYWHERE.get(word)


def _tag(fault: ErrorDetails) -> str:
    context: Mapping[str, Any] = fault.get("ctx", {})
    # The class's own name is a way to write it as well: DummyAuthenticator.
    return str(context.get("tag", "")).lower().removesuffix("authenticator")


def _provider(document: object) -> str:
    auth = document.get("auth") if isinstance(document, Mapping) else None
    return str(auth.get("provider", "")) if isinstance(auth, Mapping) else ""
