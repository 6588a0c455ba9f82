"""Runs rows at a hub, compares what came of them, and writes the table down."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hub.cases import AT_PROVIDER, Case, Outcome
from tests.hub.cases_acts import ACTS, MARK, Visit
from tests.hub.cases_browser import Browser, Seen
from tests.hub.cases_world import Hub, World
from tests.unit.documents import PROJECT

PAGE = PROJECT / "docs" / "sign-in-cases.md"
FOLDER = "IDENTITY_ARTIFACTS"
"""Where the environment says that tables go; without it they are not kept."""


@dataclass(frozen=True)
class Row:
    """A case, and what was observed."""

    case: Case
    observed: Outcome
    said: str = ""
    """What a person reads about a refusal."""

    @property
    def right(self) -> bool:
        """Whether it is what was expected."""
        return self.observed == self.case.expects()

    @property
    def hole(self) -> bool:
        """Whether somebody has a session who should have none, or more rights than they should."""
        expected = self.case.expects()
        observed = self.observed
        return bool(observed.name) and (observed.name != expected.name or observed.admin > expected.admin)

    def told(self, outcome: Outcome) -> str:
        """Say what came of it; most names are the person's own."""
        return (
            str(outcome).replace(f"in as {outcome.name}", "in") if self._own(outcome.name) else str(outcome)
        )

    def _own(self, name: str) -> bool:
        return name.lower() == self.case.person.lower()

    def __str__(self) -> str:
        case, sign = self.case, "yes" if self.right else "**no**"
        expected, observed = self.told(case.expects()), self.told(self.observed)
        cells = (case.provider, case.what, case.hub or "-", expected, observed, sign)
        return "| " + " | ".join(cells) + " |"


def rows(world: World, hub: Hub, cases: Iterable[Case]) -> list[Row]:
    """Run rows one after the other."""
    return [run(Visit(world, hub, case)) for case in cases]


def run(visit: Visit) -> Row:
    """Run one row."""
    browser, seen = ACTS[visit.case.act](visit)
    return Row(visit.case, observed(browser, seen), seen.sentence)


def observed(browser: Browser, seen: Seen) -> Outcome:
    """Say what came of it: by the session that the browser has now, and by the page that it shows."""
    assert MARK not in seen.text
    me = browser.me()
    if me:
        return Outcome(name=me["name"], admin=me["admin"], status=seen.status)
    away = any(f"//{name}/" in seen.url for name in browser.doors.names)
    return Outcome(reason=AT_PROVIDER if away else seen.reason, status=seen.status)


def kept(marks: str, lines: Sequence[str]) -> str:
    """Give what the page has between two marks, after writing there where goldens are remade."""
    begin, end = f"<!-- {marks} -->\n", f"<!-- end of {marks} -->\n"
    before, rest = PAGE.read_text().split(begin)
    there, after = rest.split(end)
    if os.environ.get("UPDATE_GOLDEN"):
        there = "\n".join([*lines, ""])
        PAGE.write_text(f"{before}{begin}{there}{end}{after}")
    return there


def sentences(found: Sequence[Row]) -> list[str]:
    """Write down what people read, word by word, as it was seen."""
    seen = {row.observed.reason: row.said for row in found if row.said}
    return [
        "| reason | what the person reads |",
        "|---|---|",
        *(f"| {one} | {seen[one]} |" for one in sorted(seen)),
    ]


def write(name: str, lines: Sequence[str]) -> None:
    """Keep a table for whoever wants to read it."""
    if folder := os.environ.get(FOLDER):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.md").write_text("\n".join([*lines, ""]))


def table(found: Sequence[Row]) -> list[str]:
    """Write the table as Markdown."""
    head = ["| provider | who | hub | expected | observed | as expected |", "|---|---|---|---|---|---|"]
    return [*head, *map(str, found)]
