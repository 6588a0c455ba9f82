"""What a run says: a line for each check as it ends, and the same for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.markup import escape

from ops.smoke.outcome import NOT_ASKED, Outcome, Status
from ops.telling import show

_COLOURS = {
    Status.PASSED: "green",
    Status.FAILED: "bold red",
    Status.SKIPPED: "cyan",
    Status.NOT_TRIED: "yellow",
}
_NAME, _STATUS = 12, 10
_BELOW = " " * (_NAME + _STATUS)


@dataclass(frozen=True)
class Report:
    """Everything about one run."""

    stack: str
    url: str
    outcomes: Sequence[Outcome]
    left: Sequence[str]

    @property
    def failed(self) -> bool:
        """Whether anything failed, or something was left behind."""
        return bool(self.left) or any(one.status is Status.FAILED for one in self.outcomes)

    def counts(self) -> dict[Status, int]:
        """Count the checks by their end."""
        return {status: sum(one.status is status for one in self.outcomes) for status in Status}

    def document(self) -> dict[str, Any]:
        """Give it for programs."""
        return {
            "stack": self.stack,
            "url": self.url,
            "passed": not self.failed,
            "counts": {str(status): count for status, count in self.counts().items()},
            "checks": [one.row() for one in self.outcomes],
            "left": list(self.left),
        }

    def junit(self) -> bytes:
        """Give it as JUnit's XML, which pipelines show."""
        counts = self.counts()
        suite = ElementTree.Element(
            "testsuite",
            name=f"ops smoke {self.stack}",
            tests=str(len(self.outcomes)),
            failures=str(counts[Status.FAILED]),
            skipped=str(counts[Status.SKIPPED] + counts[Status.NOT_TRIED]),
        )
        for one in self.outcomes:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"smoke.{self.stack}", name=one.name, time=f"{one.seconds:.1f}"
            )
            if one.status is Status.FAILED:
                failure = ElementTree.SubElement(case, "failure", message=one.seen)
                failure.text = f"What follows: {one.follows}\nWhat to do: {one.remedy}"
            elif one.status is not Status.PASSED:
                ElementTree.SubElement(case, "skipped", message=f"{one.status}: {one.seen}")
        return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def tell(outcome: Outcome) -> None:
    """Write the line of one check; of those that nobody asked for, none."""
    if outcome.seen == NOT_ASKED:
        return
    colour = _COLOURS[outcome.status]
    padding = " " * (_STATUS - len(outcome.status))
    show(f"{outcome.name:<{_NAME}}[{colour}]{outcome.status}[/]{padding}{escape(outcome.seen)}")
    for remark in outcome.remarks:
        show(f"{_BELOW}[yellow]remark:[/] {escape(remark)}")
    if outcome.status is Status.FAILED:
        show(f"{_BELOW}What follows: {escape(outcome.follows)}")
        show(f"{_BELOW}What to do:   {escape(outcome.remedy)}")


def tell_end(report: Report) -> None:
    """Write what came of it all."""
    for one in report.left:
        show(f"[bold red]left behind[/] {escape(one)}")
    counts = ", ".join(f"{count} {status}" for status, count in report.counts().items() if count)
    show(f"{report.stack} at {report.url}: {counts}.")


class Progress:
    """Says on stderr what is being done, on a line of its own that goes away on a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False)
        self._status = console.status("") if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, words: str) -> None:
        """Say what is done now."""
        if self._status:
            self._status.update(escape(words))
        else:
            sys.stderr.write(f"... {words}\n")
            sys.stderr.flush()
