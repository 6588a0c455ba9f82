"""One run: plan, refuse or do, and report; forward by a map, or back by a report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from ops.break_glass import operator
from ops.ending import FOUND
from ops.kubectl import Json
from ops.moving import allowed, applying, report
from ops.moving.map_file import Row
from ops.moving.plan import Plan
from ops.moving.steps import Step
from ops.moving.world import World
from ops.telling import as_json, plain


@dataclass
class Run:
    """What is planned, and where it is written down."""

    here: World
    plan: Plan
    undo: bool = False
    by: str = ""
    place: Path | None = None

    def document(self, applied: bool, over: bool) -> Json:
        """Give the report."""
        source, target = self.here.stacks
        more = {"undo": self.undo, "applied": applied, "over": over, "by": self.by}
        return report.document(source, target, self.plan, more)


def forward(here: World, rows: Sequence[Row]) -> Run:
    """Plan a move."""
    return Run(here, here.plan(rows))


def back(here: World, rows: Sequence[Row], apply: bool) -> Run:
    """Plan the way back; a home that a run left halfway is brought to the end first."""
    people = here.plan(rows).people
    begun = [one for one in people if one.begun]
    if apply and begun:
        allowed.refuse(allowed.missing(here.kubectl, allowed.needed(begun)), here.source.stack)
        for one in begun:
            applying.move(one, here.cluster, say)
    moved = [one for one in people if any(step is not Step.KEEP for _, step in one.homes)]
    reverse = [Row(one.row.line, one.row.new, one.row.old, one.row.display) for one in moved]
    plan = here.back().plan(reverse)
    plan.unmapped = []
    return Run(here.back(), plan, undo=True)


def apply(run: Run, stop: bool, place: Path | None) -> None:
    """Do it; the report is there before anything changes, and after each user."""
    here = run.here
    allowed.refuse(allowed.missing(here.kubectl, allowed.needed(run.plan.people)), here.source.stack)
    run.by = operator(here.kubectl)
    if stop and applying.stop_servers(run.plan, here.kubectl, say):
        run.plan = here.plan([one.row for one in run.plan.people])
    run.place = place or Path(f"move-users-{here.source.stack}-{datetime.now(tz=UTC):%Y%m%d-%H%M%S}.json")
    report.keep(run.place, run.document(applied=True, over=False))
    for one in run.plan.people:
        if one.status == "ready":
            applying.move(one, here.cluster, say)
            report.keep(run.place, run.document(applied=True, over=False))
    applying.remove_accounts(run.plan, here.kubectl, here.cluster, say)
    report.keep(run.place, run.document(applied=True, over=True))


def tell(run: Run, json: bool) -> None:
    """Show what is to happen or has; end with 1 where somebody stays."""
    done = run.place is not None
    if json:
        as_json(run.document(applied=done, over=done))
    else:
        report.tell(run.plan, done)
        plain(
            f"The report, and the way back: {run.place}\n"
            if done
            else "Nothing was changed. Do it: --apply\n"
        )
    if any(one.status == "stays" for one in run.plan.people):
        raise typer.Exit(FOUND)


def rights(run: Run) -> str:
    """Give the text for the cluster's owner."""
    here = run.here
    return allowed.text(allowed.needed(run.plan.people), operator(here.kubectl), here.namespaces)


def say(words: str) -> None:
    """Tell how it goes, beside what is for programs."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
