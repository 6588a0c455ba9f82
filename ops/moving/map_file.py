"""The map: a CSV file with a row for each user, the old name and the new one; what is wrong with one."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

from ops.ending import Cannot
from settings import Settings, break_glass, smoke
from settings.auth import Entra, SharedPassword

Form = Literal["oid", "name", "any"]
MACHINES = frozenset({smoke.USER, break_glass.USER})
"""Accounts that are no people."""
COLUMNS = ("old", "new", "display", "email", "lastActivity", "homes", "size", "administrator")
_NEEDED = ("old", "new")
_OID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[^@\s/]+@[^@\s/]+\.[^@\s/]+")
_ANY = re.compile(r"[^/\x00-\x1f\x7f]{1,255}")
_FORMS = {"oid": _OID, "name": _NAME, "any": _ANY}
_MEANT = {
    "oid": "an object id of Entra ID, such as 1a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6",
    "name": "a name of Entra ID, such as alice@example.org",
    "any": "a name that a hub takes: up to 255 characters, none of them a slash or a control character",
}


@dataclass(frozen=True)
class Row:
    """One user of the map; without a new name it is known, and left where it is."""

    line: int
    old: str
    new: str
    display: str = ""


def form_of(settings: Settings) -> Form:
    """Tell what names users have who sign in as the settings say; before the change, what Entra ID gives."""
    auth = settings.auth
    if isinstance(auth, Entra):
        return "oid" if auth.username_claim == "oid" else "name"
    return "oid" if isinstance(auth, SharedPassword) else "any"


def read(place: Path) -> list[Row]:
    """Read a map as a spreadsheet writes it: commas or semicolons, with a mark of its encoding or without."""
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise Cannot(
            f"The map {place} cannot be read: {fault}\n"
            "    What follows: nobody is moved.\n"
            "    What to do:   name a CSV file in UTF-8; `ops move-users <stack> --template` prints one."
        ) from fault
    first = text.partition("\n")[0]
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    _check_head(place, reader.fieldnames or ())
    try:
        return [_row(reader.line_num, found) for found in reader if any(found.values())]
    except csv.Error as fault:
        raise Cannot(
            f"{place}:{reader.line_num}: no CSV: {fault}\n"
            "    What follows: nobody is moved.\n"
            "    What to do:   correct the line; a quotation mark that is opened must be closed."
        ) from fault


def _check_head(place: Path, head: Iterable[str]) -> None:
    names = list(head)
    if missing := [name for name in _NEEDED if name not in names]:
        raise Cannot(
            f"{place}:1: the first line names no column {' and no column '.join(missing)}.\n"
            "    What follows: nobody knows which name is which, and nobody is moved.\n"
            f"    What to do:   begin with a line such as `old,new`; known columns: {', '.join(COLUMNS)}."
        )


def _row(line: int, found: dict[str, str | None]) -> Row:
    said = {name: (found.get(name) or "").strip() for name in ("old", "new", "display")}
    # The hub writes every name in small letters.
    return Row(line, said["old"].lower(), said["new"].lower(), said["display"])


def faults(rows: list[Row], form: Form) -> Iterator[str]:
    """Say everything that is wrong with a map by itself, each with what follows and what to do."""
    if not any(row.new for row in rows):
        yield ("no row has a new name: nobody would be moved. Write one into the column `new` of each user.")
    olds, news = Counter(row.old for row in rows), Counter(row.new for row in rows if row.new)
    for row in rows:
        for fault in _of_row(row, form, olds, news):
            yield f"line {row.line}: {fault}"


def _of_row(row: Row, form: Form, olds: Counter[str], news: Counter[str]) -> Iterator[str]:
    if not row.old:
        yield "no old name: nobody can be found by it. Write it, or remove the line."
    elif olds[row.old] > 1:
        yield f"{row.old} stands in {olds[row.old]} rows: it is not known which is meant. Leave one."
    for name in {row.old, row.new} & MACHINES:
        yield f"{name} is the account of a machine, and no person has it. Remove the line."
    if row.new:
        yield from _of_new(row, form, olds, news)


def _of_new(row: Row, form: Form, olds: Counter[str], news: Counter[str]) -> Iterator[str]:
    if news[row.new] > 1:
        yield (
            f"{row.new} is the new name of {news[row.new]} users: homes are never merged. Move one of them, "
            "and let its owner copy out of the others."
        )
    if row.new == row.old:
        yield f"{row.old} keeps its name: nothing would move. Leave the column `new` empty."
    elif row.new in olds:
        yield (
            f"{row.new} is the old name of another row: in a chain or a circle a home could come under the "
            "wrong name. Move in two runs, each with a map of its own."
        )
    if not _FORMS[form].fullmatch(row.new):
        yield (
            f"{row.new!r} is not {_MEANT[form]}: nobody would sign in under it. Correct it; which form is "
            "right is said by auth.usernameClaim, and here by --names."
        )


def written(rows: Iterable[dict[str, str]]) -> str:
    """Write a map to be filled in."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
