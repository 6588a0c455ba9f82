"""Pretended people of a stack: one of each kind that its sign-in tells apart."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded.world.plan import Document

DOMAIN = "pretended.example"


@dataclass(frozen=True)
class User:
    """Somebody who can sign in at the pretended identity provider."""

    name: str
    """What is typed there."""
    hub_name: str
    """What the hub calls them."""
    password: str = field(repr=False)
    groups: tuple[str, ...] = ()
    """By the names of the settings; at GitHub the organisations and teams."""
    may: bool = False
    """Whether the stack's settings let them in."""
    admin: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict)
    """What the provider knows and tells of them."""


def people(document: Document, passwords: Mapping[str, str]) -> tuple[User, ...]:
    """Invent them; `passwords` has one for each kind of KINDS."""
    auth = document["auth"]
    if auth["provider"] == "sharedPassword":
        return ()
    return tuple((_at_github if auth["provider"] == "github" else _by_groups)(document, passwords))


KINDS = ("member", "administrator", "gpu", "stranger")


def _memberships(document: Document) -> dict[str, list[str]]:
    """Give the groups of each kind, by the names of the settings."""
    rows: Mapping[str, Any] = document["capabilities"]
    allowed = [name for name, row in rows.items() if row.get("signIn")]
    administrators = [name for name, row in rows.items() if row.get("administrator")]
    plain = next((group for group in allowed if group not in administrators), allowed[0])
    alone = bool(administrators and administrators[0] in allowed)
    more = [name for name, row in rows.items() if row.get("profiles") and name in document["auth"]["groups"]]
    return {
        "member": [plain],
        # Alone where that lets them in: administrators are not among those who work there.
        "administrator": list(dict.fromkeys([*administrators[:1], *([] if alone else [plain])])),
        "gpu": [plain, *sorted({*more} - {plain, *administrators})],
        "stranger": [],
    }


def _may(document: Document, mine: Iterable[str], field: str) -> bool:
    return any(document["capabilities"].get(name, {}).get(field) for name in mine)


def _by_groups(document: Document, passwords: Mapping[str, str]) -> Iterator[User]:
    auth, groups = document["auth"], _memberships(document)
    for kind in KINDS:
        name = f"{kind}@{DOMAIN}"
        identifier = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.{auth['clientId']}"))
        mine = tuple(groups[kind])
        yield User(
            name=name,
            hub_name=identifier if _by_number(auth) else name,
            password=passwords[kind],
            groups=mine,
            may=_may(document, mine, "signIn"),
            admin=_may(document, mine, "administrator"),
            claims={
                "id": identifier,
                "email": name,
                "title": f"Pretended {kind}",
                **dict.fromkeys(("groups", "roles"), ()),
                auth.get("access", "groups"): [auth["groups"][group] for group in mine],
            },
        )


def _by_number(auth: Document) -> bool:
    """Whether the hub names people by what never changes; Entra ID's do so where nothing is said."""
    return auth.get("usernameClaim", "oid" if auth["provider"] == "entra" else "email") in {"oid", "sub"}


def _at_github(document: Document, passwords: Mapping[str, str]) -> Iterator[User]:
    groups, places = _memberships(document), document["auth"]["groups"]
    for number, kind in enumerate(KINDS, start=1):
        mine = [places[name] for name in groups[kind]]
        # Members of a team are members of its organisation.
        teams = tuple(dict.fromkeys(one for place in mine for one in (place.partition(":")[0], place)))
        yield User(
            name=kind,
            hub_name=kind,
            password=passwords[kind],
            groups=teams,
            may=_may(document, groups[kind], "signIn"),
            admin=_may(document, groups[kind], "administrator"),
            claims={
                "id": number,
                "email": f"{kind}@{DOMAIN}",
                "title": f"Pretended {kind}",
                "teams": list(teams),
            },
        )
