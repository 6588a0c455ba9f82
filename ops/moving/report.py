"""The report: what moved from where to where, what did not, and why; it is also the way back."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from ops.ending import Cannot
from ops.kubectl import Json
from ops.moving.map_file import Row
from ops.moving.plan import Person, Plan
from ops.telling import show, table

_KIND = "ops move-users"
_LOSES = (("tokens", "tokens"), ("sharesGiven", "shares of servers"), ("sharesTaken", "shares of others"))


def document(stack: str, to: str, plan: Plan, more: Json) -> Json:
    """Give the report for programs."""
    return {
        "kind": _KIND,
        "stack": stack,
        "to": to,
        "at": f"{datetime.now(tz=UTC):%Y-%m-%dT%H:%M:%SZ}",
        **more,
        "counts": dict(Counter(person.status for person in plan.people)),
        "users": [_user(person) for person in plan.people],
        "notInTheMap": plan.unmapped,
    }


def _user(person: Person) -> Json:
    return {
        "old": person.row.old,
        "new": person.row.new,
        "display": person.row.display,
        "status": person.status,
        "why": person.obstacles,
        "accountThere": person.account is not None,
        "endsWithTheAccount": loses(person),
        "homes": [
            {
                "server": home.server,
                "from": asdict(home.source),
                "to": asdict(home.target),
                "volume": home.volume,
                "size": home.size,
                "next": str(step),
            }
            for home, step in person.homes
        ],
    }


def loses(person: Person) -> dict[str, int]:
    """Count what ends with the old account."""
    account = person.account or {}
    return {words: account[key] for key, words in _LOSES if account.get(key)}


def keep(place: Path, told: Json) -> None:
    """Write the report, whole or not at all."""
    beside = place.with_name(f".{place.name}.new")
    beside.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(place)


def pairs(place: Path, stacks: tuple[str, str]) -> list[Row]:
    """Read out of a report who moved to which name."""
    try:
        told = json.loads(place.read_text(encoding="utf-8"))
        rows = [
            Row(line, one["old"], one["new"], one["display"])
            for line, one in enumerate(told["users"], start=1)
            if one["new"]
        ]
        kind, undo, was = told["kind"], told["undo"], (told["stack"], told["to"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise _no_report(place, f"cannot be read: {fault!r}") from fault
    if kind != _KIND or undo:
        raise _no_report(place, "is not of a move")
    if was != stacks:
        raise _no_report(
            place, f"is of a move from {was[0]} to {was[1]}, not from {stacks[0]} to {stacks[1]}"
        )
    return rows


def _no_report(place: Path, what: str) -> Cannot:
    return Cannot(
        f"The report {place} {what}\n"
        "    What follows: it is not known what to undo, and nothing was changed.\n"
        "    What to do:   name the report of that move, with the same stacks as then."
    )


def tell(plan: Plan, done: bool) -> None:
    """Show what is to happen, or has."""
    people = plan.people
    rows = table("Old name", "New name", "Status", "Claim", "Becomes", "Volume", "Size")
    for person in people:
        head = (person.row.old, person.row.new or "-", person.status)
        homes = [(str(one.source), str(one.target), one.volume, one.size) for one, _ in person.homes]
        for home in homes or [("none", "", "", "")]:
            # As text: a name may hold what would be taken for colours.
            rows.add_row(*map(Text, (*head, *home)))
    show(rows)
    lines = [f"{one.row.old} stays: {why}" for one in people for why in one.obstacles]
    lines += _ends(people, done)
    if plan.unmapped:
        lines.append(f"Not in the map, and left as they are: {', '.join(plan.unmapped)}.")
    counts = Counter(person.status for person in people)
    lines.append(", ".join(f"{number} {status}" for status, number in sorted(counts.items())) + ".")
    show("", *map(Text, lines))


def _ends(people: list[Person], done: bool) -> list[str]:
    if done:
        return []
    return [
        f"With the account {one.row.old} end: "
        + ", ".join(f"{number} {what}" for what, number in loses(one).items())
        for one in people
        if one.row.new and loses(one)
    ]
