"""`ops check`: every finding comes, at its line, in each form, and no secret with it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.judged import Judged, judge
from ops.positions import Positions
from ops.stack_files import names, today
from settings.document import inspect
from settings.stack_file import KEY
from tests.unit.bad_inputs import BAD, BadInput
from tests.unit.documents import PROJECT, STACKS, Document, patched, stack_file
from tests.unit.packed import pack
from tests.unit.report_forms import CODE_QUALITY, SARIF

SECRET = "Zr8-kept-to-ourselves-Qx1"
SEVERITIES = ("error", "warning", "note")
Refused = Callable[[BadInput], tuple[list[str], Judged]]


def written(folder: Path, stack: str = "local", patch: Document | None = None, **flat: object) -> Path:
    """Write a stack file of a committed one, patched, with further keys of its config."""
    whole = stack_file(stack)
    whole["config"] |= {f"jupyterhub:{key}": value for key, value in flat.items()}
    whole["config"][KEY] = patched(whole["config"][KEY], patch or {})
    place = folder / f"Pulumi.{stack}.yaml"
    place.write_text(yaml.safe_dump(whole, sort_keys=False))
    return place


def ran(*words: str | Path, ends: int = 0) -> Result:
    result = CliRunner().invoke(app, ["check", *map(str, words)])
    assert result.exit_code == ends, result.output
    assert "Traceback" not in result.output
    return result


def told(*words: str | Path, ends: int = 0) -> Any:  # noqa: ANN401 -- any JSON
    return json.loads(ran(*words, ends=ends).stdout)


def judged(place: Path) -> Judged:
    return judge(place, place.parent, fetch=False)


def test_all_stacks_are_checked_without_being_named() -> None:
    stacks = told("--json")["stacks"]
    assert [one["stack"] for one in stacks] == list(STACKS) == names()
    assert not [found for one in stacks for found in one["findings"] if found["severity"] != "note"]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Refused:
    """Give what judges a bad input, once for all tests: the lines of its stack file, and what is found."""
    folder = tmp_path_factory.mktemp("bad")

    @functools.cache
    def of(name: str) -> tuple[list[str], Judged]:
        place = written(folder, BAD[name].stack, BAD[name].patch)
        return place.read_text().splitlines(), judged(place)

    return lambda bad: of(bad.place.stem)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_every_finding_of_the_settings_comes(bad: BadInput, refused: Refused) -> None:
    found = [one.finding for one in refused(bad)[1].found]
    assert set(inspect(bad.document(), today())[1]) <= set(found)
    assert len(set(found)) == len(found)


def last_there(path: str, document: Any) -> str:  # noqa: ANN401 -- any YAML
    """Give the last key of a path that the document has, by another way than the program's; no item's."""
    here, last = document, KEY
    for part in re.findall(r"[^.\[\]]+", path.removeprefix("settings")):
        if isinstance(here, dict) and part in here:
            here, last = here[part], part
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here, last = here[int(part)], ""
        else:
            break
    return last


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_finding_stands_at_its_key(bad: BadInput, refused: Refused) -> None:
    lines, stack = refused(bad)
    for one in stack.found:
        if not re.search(r"requests\.|limits\.|nvidia\.com", one.finding.path):
            key = last_there(one.finding.path, bad.document())
            text = lines[one.at.line - 1][one.at.column - 1 :]
            assert re.match(rf"['\"]?{re.escape(key)}['\"]?:" if key else r"\S", text), (one, text)


def test_lines_are_those_of_a_file_as_people_write_it() -> None:
    text = (PROJECT / "Pulumi.aiv-prod.yaml").read_text()
    lines, positions = text.splitlines(), Positions(text)

    def line(path: str) -> str:
        at = positions.of(path)
        return lines[at.line - 1][at.column - 1 :]

    assert line("settings.storage.snapshotClass").startswith("snapshotClass: ceph-rbd-snapshots")
    assert line("settings.namespace.quota.requests.cpu").startswith('requests.cpu: "240"')
    assert line("settings.profiles[1].name").startswith("name: ")
    assert line("settings.profiles[1]").startswith("name: ")
    assert line("settings.profiles[99].gpu").startswith("profiles:")
    # What is missing is told at what it is missing from.
    assert line("settings.storage.homes.nothing").startswith("homes:")
    assert line("settings.nothing") == line("values.hub.config.JupyterHub") == "jupyterhub:settings:"
    assert line("pulumi:disable-default-providers").startswith("pulumi:disable-default-providers:")
    assert line("jupyterhub:tlsKey") == "config:"


def test_a_key_with_dots_is_not_taken_for_the_shorter_one() -> None:
    quota = "requests: 1\n        requests.cpu: 2\n"
    positions = Positions(f"config:\n  {KEY}:\n    namespace:\n      quota:\n        {quota}")
    assert positions.of("settings.namespace.quota.requests.cpu").line == 6


def test_a_secret_at_a_wrong_place_is_found_and_repeated_nowhere(tmp_path: Path) -> None:
    plain = written(tmp_path, tlsKey=SECRET, tlsKye={"secure": "v1:abc"})
    for form in ("table", "json", "codequality", "sarif"):
        output = ran(plain, "--format", form, ends=1).output
        assert SECRET not in output
        assert "in plain text" in output
        assert "did you mean jupyterhub:tlsKey?" in output


@pytest.mark.parametrize("inside", [{"secure": SECRET}, [{"a": [{"secure": SECRET}]}]])
def test_a_document_with_a_secret_inside_is_not_judged_further(inside: object, tmp_path: Path) -> None:
    found = judged(written(tmp_path, patch={"hub": {"release": inside}, "tls": None})).found
    assert [one.finding.what for one in found] == ["the document has a secure value inside."]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, f"no `config: {KEY}:`"),
        ("config: []\n", 1, f"no `config: {KEY}:`"),
        ("config:\n  a: b\n", 1, f"no `config: {KEY}:`"),
        (f"config:\n  {KEY}:\n", 2, "nothing stands where a section"),
        (f"config:\n  {KEY}: [1, 2]\n", 2, "a list stands where a section"),
        (f"a: 1\nconfig:\n  b: '{SECRET}\n  c: 2\n", 5, "this is no YAML"),
        (f"config:\n\t{KEY}: {SECRET}\n", 2, "this is no YAML"),
        (f"config:\n  {KEY}: {{a: &it [*it]}}\n", 1, "stands inside itself"),
        ("a: 1\n---\nb: 2\n", 2, "this is no YAML"),
        ("a: !!python/object:os.system {}\n", 1, "this is no YAML"),
    ],
)
def test_what_cannot_be_read_is_a_finding_at_its_line(
    text: str, line: int, words: str, tmp_path: Path
) -> None:
    place = tmp_path / "Pulumi.broken.yaml"
    place.write_text(text)
    found = told(place, "--json", ends=1)["stacks"][0]["findings"]
    assert any(words in one["what"] and one["line"] == line for one in found), found
    assert SECRET not in json.dumps(found)


def test_a_key_that_stands_twice_is_an_error_at_the_second(tmp_path: Path) -> None:
    place = written(tmp_path)
    again = "culling:\n      idle: 2h\n    "
    place.write_text(place.read_text().replace("    culling:", f"    {again}culling:"))
    (found,) = judged(place).found
    assert (found.finding.path, found.finding.severity) == ("settings.culling", "error")
    lines = place.read_text().splitlines()
    assert [number for number, text in enumerate(lines, 1) if text == "    culling:"][1] == found.at.line


def test_a_chart_at_hand_is_asked(tmp_path: Path) -> None:
    place = written(tmp_path)
    pack(tmp_path / ".charts/jupyterhub-4.4.0.tgz", schema={"properties": {"hub": {"type": "string"}}})
    found = told(place, "--json", "--project", tmp_path, ends=1)["stacks"][0]
    assert [one["rule"] for one in found["findings"]] == ["chart schema"]
    assert found["chartNotAtHand"] is None


def test_a_chart_that_is_another_one_is_an_error(tmp_path: Path) -> None:
    place = written(tmp_path)
    pack(tmp_path / ".charts/jupyterhub-4.4.0.tgz", version="4.4.1")
    assert "is jupyterhub 4.4.1, not" in ran(place, "--project", tmp_path, ends=1).stdout


def test_a_chart_that_is_not_at_hand_is_said_and_fails_only_when_asked_for(tmp_path: Path) -> None:
    place = written(tmp_path)
    assert "The chart jupyterhub 4.4.0 is not at hand (for local)" in ran(place, "--project", tmp_path).stdout
    refused = ran(place, "--project", tmp_path, "--chart", ends=1).stdout
    assert "there is no file .charts/jupyterhub-4.4.0.tgz" in refused
    assert "not at hand" not in refused


def test_the_hub_is_asked_without_a_chart(tmp_path: Path) -> None:
    place = written(tmp_path, patch={"hub": {"version": "9.9.9"}})
    assert "T0" in {one.finding.rule for one in judged(place).found}


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """Give a project in which every severity comes up, in two files."""
    written(tmp_path, patch={"hub": {"version": "9.9.9"}}, tlsKey=SECRET)
    written(tmp_path, "carbon254", patch={"monitoring": {"stack": "none", "operator": False}})
    return tmp_path


@pytest.mark.parametrize(("form", "schema"), [("codequality", CODE_QUALITY), ("sarif", SARIF)])
def test_a_report_has_the_fields_that_its_format_requires(form: str, schema: Document, busy: Path) -> None:
    report = told("--format", form, "--project", busy, ends=1)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(report)] == []


def test_the_reports_tell_the_same(busy: Path) -> None:
    ours = told("--json", "--project", busy, ends=1)
    every = [
        (one["file"], found["line"], found["severity"], found["rule"])
        for one in ours["stacks"]
        for found in one["findings"]
    ]
    assert {severity for _, _, severity, _ in every} == set(SEVERITIES)
    assert ours["counts"] == {it: [one[2] for one in every].count(it) for it in SEVERITIES}
    levels = {"critical": "error", "minor": "warning", "info": "note"}
    assert every == [
        (
            one["location"]["path"],
            one["location"]["lines"]["begin"],
            levels[one["severity"]],
            one["check_name"],
        )
        for one in told("--format", "codequality", "--project", busy, ends=1)
    ]
    run = told("--format", "sarif", "--project", busy, ends=1)["runs"][0]
    places = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    assert every == [
        (place["artifactLocation"]["uri"], place["region"]["startLine"], one["level"], one["ruleId"])
        for one, place in zip(run["results"], places, strict=True)
    ]
    ids = [one["id"] for one in run["tool"]["driver"]["rules"]]
    assert all(ids[one["ruleIndex"]] == one["ruleId"] for one in run["results"])


def fingerprints(project: Path) -> list[str]:
    report = told("--format", "codequality", "--project", project, ends=1)
    return [one["fingerprint"] for one in report]


def test_a_finding_is_known_again_when_its_line_moves(busy: Path) -> None:
    before = fingerprints(busy)
    assert len(set(before)) == len(before)
    for place in busy.glob("Pulumi.*.yaml"):
        place.write_text(f"# One line more.\n{place.read_text()}")
    assert fingerprints(busy) == before


@pytest.mark.parametrize(
    ("stack", "least", "ends"), [("lab", "note", 1), ("lab", "warning", 0), ("lab", "error", 0)]
)
def test_how_severe_a_finding_must_be_is_the_caller_s_choice(stack: str, least: str, ends: int) -> None:
    ran("--stack", stack, "--fail-on", least, ends=ends)


def test_a_warning_ends_with_one_only_where_it_counts(tmp_path: Path) -> None:
    place = written(tmp_path, "aiv-prod", {"delivery": {"approval": "none"}})
    ran(place)
    ran(place, "--fail-on", "warning", ends=1)


def test_files_and_stacks_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert "nowhere.yaml: it cannot be read" in ran("nowhere.yaml", ends=2).stderr
    assert "name one of these: aiv-prod, " in ran("--stack", "nowhere", ends=2).stderr
    assert "There is no Pulumi.<stack>.yaml in" in ran("--project", tmp_path, ends=2).stderr
    (tmp_path / "Pulumi.binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert "no text in UTF-8" in ran("--project", tmp_path, ends=2).stderr


def test_files_are_named_as_the_repository_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    report = told("Pulumi.lab.yaml", PROJECT / "Pulumi.carbon254.yaml", "--format", "codequality")
    assert {one["location"]["path"] for one in report} == {"Pulumi.lab.yaml", "Pulumi.carbon254.yaml"}


def test_the_hook_before_a_commit_checks_stack_files_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (repository,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    (hook,) = repository["hooks"]
    files = [place.name for place in PROJECT.iterdir() if re.search(hook["files"], place.name)]
    assert sorted(files) == [f"Pulumi.{stack}.yaml" for stack in STACKS]
    program, *words = hook["entry"].split()
    assert (PROJECT / program).stat().st_mode & 0o111
    monkeypatch.chdir(PROJECT)
    assert CliRunner().invoke(app, [*words, *files]).exit_code == 0
