"""Bad inputs: a patch of one stack's settings with one fault, and the finding that must come of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import yaml

from settings.document import inspect
from settings.finding import Finding
from tests.unit.documents import PROJECT, TODAY, Document, patched, stack_file

FOLDER = PROJECT / "tests" / "bad"


@dataclass
class BadInput:
    """One file of tests/bad: `# expect: [warning] path [rule] what`, `# stack: name`, a patch (RFC 7396)."""

    place: Path
    expected: str
    stack: str
    patch: Document

    def document(self) -> Document:
        return patched(committed(self.stack), self.patch)

    @functools.cached_property
    def findings(self) -> list[Finding]:
        """Give what the patch brings about: what the stack has anyway is left out."""
        return [found for found in inspect(self.document(), TODAY)[1] if found not in already(self.stack)]


@functools.cache
def committed(stack: str) -> Document:
    document: Document = stack_file(stack)["config"]["jupyterhub:settings"]
    return document


@functools.cache
def already(stack: str) -> tuple[Finding, ...]:
    return tuple(inspect(committed(stack), TODAY)[1])


def line(finding: Finding) -> str:
    kind = "" if finding.severity == "error" else f"{finding.severity} "
    return f"{kind}{finding.path} [{finding.rule}] {finding.what}"


def read_bad(place: Path) -> BadInput:
    text = place.read_text()
    marks = dict(
        mark.removeprefix("# ").split(": ", 1) for mark in text.split("\n")[:2] if mark.startswith("# ")
    )
    return BadInput(place, marks["expect"], marks.get("stack", "local"), yaml.safe_load(text))


BAD = {place.stem: read_bad(place) for place in sorted(FOLDER.glob("*.yaml"))}
