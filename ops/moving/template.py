"""A map to fill in: everybody whom the hub or a home knows, with what tells who that is."""

from __future__ import annotations

from collections.abc import Iterator

from ops.moving.homes import USER, annotation, is_home, of_user, size
from ops.moving.map_file import MACHINES
from ops.moving.plan import Side


def rows_of(side: Side) -> Iterator[dict[str, str]]:
    """Give a row for each user, without a new name."""
    names = set(side.hub.users) | {annotation(claim, USER) for claim in side.claims if is_home(claim)}
    for name in sorted(names - MACHINES - {""}):
        account = side.hub.users.get(name, {})
        of_servers = of_user(side.claims, name, side.hub.remembered(name)).values()
        claims = [claim for several in of_servers for claim in several]
        yield {
            "old": name,
            "lastActivity": account.get("lastActivity", "") if account else "no account",
            "homes": " ".join(claim["metadata"]["name"] for claim in claims),
            "size": " ".join(size(claim) for claim in claims),
            "administrator": "yes" if account.get("administrator") else "",
        }
