"""What the requirement documents say, carried over word by word, is refused at both doors with good words."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ops.cli import app
from settings.document import Refused, read
from settings.finding import Finding
from settings.stack_file import KEY
from tests.unit import golden
from tests.unit.documents import PROJECT, TODAY, patched, stack_file
from tests.unit.transcriptions import PASSWORD, SECRET, TRANSCRIPTIONS, Transcription

PAGE = PROJECT / "docs" / "corrections.md"
BEGIN, END = "<!-- snippets: made from tests/unit/transcriptions.py -->\n", "<!-- end of snippets -->\n"


def refused(one: Transcription) -> list[Finding]:
    with pytest.raises(Refused) as caught:
        read(one.document(), TODAY)
    return [finding for finding in caught.value.findings if finding.severity == "error"]


def checked(one: Transcription, folder: Path) -> list[dict[str, Any]]:
    """Run `ops check` on a stack file with it."""
    whole = stack_file(one.stack)
    whole["config"][KEY] = patched(whole["config"][KEY], one.patch)
    place = folder / f"Pulumi.{one.stack}.yaml"
    place.write_text(yaml.safe_dump(whole, sort_keys=False))
    result = CliRunner().invoke(app, ["check", "--json", str(place)])
    assert result.exit_code == 1, result.output
    for secret in (SECRET, PASSWORD):
        assert secret not in result.output
    found = json.loads(result.stdout)["stacks"][0]["findings"]
    return [finding for finding in found if finding["severity"] == "error"]


@pytest.mark.parametrize("one", TRANSCRIPTIONS.values(), ids=TRANSCRIPTIONS)
def test_both_doors_refuse_with_the_numbers_of_its_corrections(one: Transcription, tmp_path: Path) -> None:
    found = refused(one)
    assert {finding.rule for finding in found} == set(one.numbers)
    of_command = [
        [told[part] for part in ("path", "rule", "what", "follows", "remedy")]
        for told in checked(one, tmp_path)
    ]
    expected = [[each.path, each.rule, each.what, each.follows, each.remedy] for each in found]
    assert sorted(of_command) == sorted(expected)


def test_no_finding_of_them_is_of_the_plain_kind() -> None:
    for one in TRANSCRIPTIONS.values():
        assert "shape" not in {finding.rule for finding in refused(one)}


def test_each_snippet_that_lets_somebody_in_is_here() -> None:
    numbers = {number for one in TRANSCRIPTIONS.values() for number in one.numbers}
    assert numbers >= {"D1", "D2", "D3", "D4", "D5", "D13", "D15", "D44"}


def test_their_findings_read_as_reviewed() -> None:
    told = [f"# {name}\n" + "\n".join(map(str, refused(one))) + "\n" for name, one in TRANSCRIPTIONS.items()]
    golden.check("transcribed.txt", "\n".join(told))


def table() -> str:
    rows = ["| The snippet | Where | Rule | What is said |", "|---|---|---|---|"]
    for one in TRANSCRIPTIONS.values():
        words = one.words
        for finding in refused(one):
            said = f"{finding.what} {finding.follows} {finding.remedy}"
            rows.append(f"| {words} | `{finding.path}` | {finding.rule} | {said} |")
            words = ""
    return "\n".join(rows) + "\n"


def test_the_page_has_them() -> None:
    before, rest = PAGE.read_text().split(BEGIN)
    there, after = rest.split(END)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(before + BEGIN + table() + END + after)
        there = table()
    assert there == table(), "reviewed? then UPDATE_GOLDEN=1 pytest remakes the table"
