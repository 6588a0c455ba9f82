"""Every correction of a requirement is held by something that exists, and the page says the same."""

from __future__ import annotations

import ast
import functools
import os
import re
from typing import Any

import pytest

from chart.schema import over
from chart.source import Archive
from chart.values import build
from settings.document import read
from tests.unit.bad_inputs import BAD, committed
from tests.unit.corrections import CORRECTIONS
from tests.unit.documents import PROJECT, STACKS, TODAY
from tests.unit.holding import Correction, Held, InCluster, Page, Rule, Test

PAGE = PROJECT / "docs" / "corrections.md"
KNOWN = PROJECT.parent / "shared" / "knowledge" / "corrections.md"
BEGIN, END = "<!-- table: made from tests/unit/corrections.py -->\n", "<!-- end of table -->\n"


def test_every_number_has_its_row() -> None:
    assert list(CORRECTIONS) == [f"D{number}" for number in range(1, 46)]


@pytest.mark.skipif(not KNOWN.exists(), reason="the list of corrections is not beside the project")
def test_the_numbers_are_those_of_the_corrections() -> None:
    assert re.findall(r"^\| (D\d+) \|", KNOWN.read_text(), re.MULTILINE) == list(CORRECTIONS)


@functools.cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((PROJECT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@functools.cache
def headings(file: str) -> frozenset[str]:
    return frozenset(re.findall(r"^#+ (.+)$", (PROJECT / "docs" / file).read_text(), re.MULTILINE))


def missing(held: Held) -> list[str]:
    match held:
        case Rule(name, files):
            return [
                f"{file} is not refused by {name}"
                for file in files
                if file not in BAD or name not in {finding.rule for finding in BAD[file].findings}
            ] + (["a rule without a bad input"] if not files else [])
        case Test(file, function):
            return [] if function in functions(file) else [f"no {function} in {file}"]
        case Page(heading, file):
            return [] if heading in headings(file) else [f"no heading {heading} in {file}"]
        case InCluster(question):
            return [] if question.endswith("?") else ["no question"]


@pytest.mark.parametrize(("number", "correction"), CORRECTIONS.items(), ids=CORRECTIONS)
def test_each_correction_is_held_by_what_exists(number: str, correction: Correction) -> None:
    assert correction.held, number
    assert [fault for held in correction.held for fault in missing(held)] == []


def whole(stack: str, chart: Archive) -> dict[str, Any]:
    return over(chart.defaults, build(read(committed(stack), TODAY)))


@pytest.mark.parametrize("stack", STACKS)
def test_no_disruption_budget_is_asked_for(stack: str, real_chart: Archive) -> None:
    values = whole(stack, real_chart)
    assert values["hub"]["pdb"]["enabled"] is False
    assert values["proxy"]["chp"]["pdb"]["enabled"] is False


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_needs_rights_over_the_cluster(stack: str, real_chart: Archive) -> None:
    values = whole(stack, real_chart)
    scheduling = values["scheduling"]
    assert values["rbac"]["create"] is False
    assert scheduling["userScheduler"]["enabled"] is False
    assert scheduling["podPriority"]["enabled"] is False
    assert scheduling["userPlaceholder"]["enabled"] is False


def table() -> str:
    rows = ["| # | The claim | What holds | What holds it |", "|---|---|---|---|"]
    for number, one in CORRECTIONS.items():
        held = "<br>".join(str(held) for held in one.held)
        rows.append(f"| {number} | {one.claim} | {one.holds} | {held} |")
    return "\n".join(rows) + "\n"


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    there, after = rest.split(END)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(before + BEGIN + table() + END + after)
        there = table()
    assert there == table(), "reviewed? then UPDATE_GOLDEN=1 pytest remakes the table"


def test_every_section_of_the_page_is_named_by_the_table() -> None:
    pages = [held for one in CORRECTIONS.values() for held in one.held if isinstance(held, Page)]
    named = {page.heading for page in pages if page.file == PAGE.name}
    assert set(re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE)) == named
