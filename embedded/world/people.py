"""Pretended people of a stack: one of each kind that its sign-in tells apart."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
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
    if auth["provider"] == "github":
        return tuple(_at_github(auth, passwords))
    if "groups" in auth:
        return tuple(_by_groups(document, passwords))
    return ()


KINDS = ("member", "administrator", "gpu", "stranger")


def _by_groups(document: Document, passwords: Mapping[str, str]) -> Iterator[User]:
    auth = document["auth"]
    allowed, administrators = list(auth["allowed"]), list(auth.get("administrators", ()))
    plain = next((group for group in allowed if group not in administrators), allowed[0])
    chosen = {group for profile in document["profiles"] for group in profile.get("groups", ())}
    groups = {
        "member": [plain],
        "administrator": [*administrators[:1], plain],
        "gpu": [plain, *sorted(chosen - {plain})],
        "stranger": [],
    }
    for kind in KINDS:
        name = f"{kind}@{DOMAIN}"
        identifier = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.{auth['clientId']}"))
        mine = tuple(dict.fromkeys(groups[kind]))
        yield User(
            name=name,
            hub_name=identifier if _by_number(auth) else name,
            password=passwords[kind],
            groups=mine,
            may=bool(set(mine) & {*allowed, *administrators}),
            admin=bool(set(mine) & set(administrators)),
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


def _at_github(auth: Document, passwords: Mapping[str, str]) -> Iterator[User]:
    administrator = next(iter(auth.get("administrators", ())), "administrator")
    membership = auth["organizations"][0]
    organisation = membership.partition(":")[0]
    for number, kind in enumerate(kind for kind in KINDS if kind != "gpu"):
        name = administrator if kind == "administrator" else kind
        teams = () if kind == "stranger" else tuple(dict.fromkeys((organisation, membership)))
        yield User(
            name=name,
            hub_name=name.lower(),
            password=passwords[kind],
            groups=teams,
            may=bool(teams),
            admin=kind == "administrator" and administrator in auth.get("administrators", ()),
            claims={
                "id": number + 1,
                "email": f"{name}@{DOMAIN}",
                "title": f"Pretended {kind}",
                "teams": list(teams),
            },
        )
