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

FOLDER = "IDENTITY_ARTIFACTS"
"""Where the environment says that tables go; without it they are not kept."""


@dataclass(frozen=True)
class Row:
    """A case, and what was observed."""

    case: Case
    observed: Outcome

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

    def __str__(self) -> str:
        case, sign = self.case, "yes" if self.right else "**no**"
        cells = (case.provider, case.what, case.hub or "-", str(case.expects()), str(self.observed), sign)
        return "| " + " | ".join(cells) + " |"


def rows(world: World, hub: Hub, cases: Iterable[Case]) -> list[Row]:
    """Run rows one after the other."""
    return [Row(case, run(Visit(world, hub, case))) for case in cases]


def run(visit: Visit) -> Outcome:
    """Run one row."""
    browser, seen = ACTS[visit.case.act](visit)
    return observed(browser, seen)


def observed(browser: Browser, seen: Seen) -> Outcome:
    """Say what came of it: by the session that the browser has now, and by the page that it shows."""
    assert MARK not in seen.text
    me = browser.me()
    if me:
        return Outcome(name=me["name"], admin=me["admin"], status=seen.status)
    away = any(f"//{name}/" in seen.url for name in browser.doors.names)
    return Outcome(reason=AT_PROVIDER if away else seen.reason, status=seen.status)


def write(name: str, lines: Sequence[str]) -> None:
    """Keep a table for whoever wants to read it."""
    if folder := os.environ.get(FOLDER):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.md").write_text("\n".join([*lines, ""]))


def table(found: Sequence[Row]) -> list[str]:
    """Write the table as Markdown."""
    head = ["| provider | who | hub | expected | observed | as expected |", "|---|---|---|---|---|---|"]
    return [*head, *map(str, found)]
