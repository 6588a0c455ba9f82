"""The map of `ops move-users`: however a spreadsheet writes it, and whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.moving import map_file
from ops.moving.map_file import Form, Row, faults, form_of, read
from settings import break_glass, smoke
from tests.unit.documents import settings, settings_of
from tests.unit.ops_runs import ran

ALICE, BOB = "0a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6", "1a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6"


def written(folder: Path, text: str | bytes) -> Path:
    place = folder / "map.csv"
    place.write_bytes(text.encode() if isinstance(text, str) else text)
    return place


@pytest.mark.parametrize(
    "text",
    [
        f"old,new\nalice,{ALICE}\n",
        f"old;new\nalice;{ALICE}\n",
        f"\ufeffold,new\r\nalice,{ALICE}\r\n",
        f'"new","old"\n"{ALICE}","alice"',
        f"old,new,email\n alice , {ALICE.upper()} ,a@example.org\n,,\n\n",
    ],
    ids=["commas", "semicolons", "marked and CRLF", "quoted, other order", "spaces, capitals, empty lines"],
)
def test_a_map_is_read_as_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    rows = read(written(tmp_path, text))
    assert [(row.old, row.new) for row in rows] == [("alice", ALICE)]
    assert list(faults(rows, "oid")) == []


def test_a_name_may_hold_what_separates_columns(tmp_path: Path) -> None:
    assert read(written(tmp_path, f'old,new\n"o\'neil, ""bob""",{BOB}\n'))[0].old == 'o\'neil, "bob"'


# What is wrong, and the words by which it is refused.
FAULTS = {
    "an old name twice": (f"alice,{ALICE}\nalice,{BOB}", "alice stands in 2 rows"),
    "an old name twice, once without a new one": (f"alice,{ALICE}\nalice,", "alice stands in 2 rows"),
    "two into one": (f"alice,{ALICE}\nbob,{ALICE}", "homes are never merged"),
    "two into one, in other letters": (f"alice,{ALICE}\nbob,{ALICE.upper()}", "homes are never merged"),
    "a chain": (f"alice,{ALICE}\n{ALICE},{BOB}", "a chain or a circle"),
    "a circle": (f"{ALICE},{BOB}\n{BOB},{ALICE}", "a chain or a circle"),
    "to itself": (f"{ALICE},{ALICE}", "keeps its name"),
    "no object id": ("alice,alice@example.org", "is not an object id"),
    "a cut object id": (f"alice,{ALICE[:-1]}", "is not an object id"),
    "no old name": (f",{ALICE}", "no old name"),
    "the account of tests": (f"{smoke.USER},{ALICE}", "account of a machine"),
    "the account of emergencies": (f"{break_glass.USER},{ALICE}", "account of a machine"),
    "into the account of emergencies": (f"alice,{break_glass.USER}", "account of a machine"),
    "nobody to move": ("alice,\nbob,", "nobody would be moved"),
    "nobody at all": ("", "nobody would be moved"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_wrong_with_a_map_is_said(tmp_path: Path, case: str) -> None:
    text, words = FAULTS[case]
    said = "\n".join(faults(read(written(tmp_path, f"old,new\n{text}\n")), "oid"))
    assert words in said


def test_a_wrong_map_is_refused_before_the_cluster_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    place = written(tmp_path, f"old,new\nalice,{ALICE}\nbob,{ALICE}\nx,y/z\n")
    said = ran("move-users", "local", "--map", place, "--apply", ends=1).output
    assert said.count("never merged") == 2
    assert "map.csv, line 2" in said, "the line is named"
    assert "line 4" in said, "all faults come at once"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alt,neu\na,b\n", "no column old"),
        ("old\na\n", "no column new"),
        ("", "no column old"),
        (b"\xff\xfeo\x00", "cannot be read"),
        ('old,new\n"a,b\n', "no CSV"),
    ],
)
def test_what_is_no_map_is_said(tmp_path: Path, text: str | bytes, words: str) -> None:
    said = ran("move-users", "local", "--map", written(tmp_path, text), ends=2).output
    assert words in said
    assert "What to do" in said


def test_a_map_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "cannot be read" in ran("move-users", "local", "--map", tmp_path / "none.csv", ends=2).output


FORMS: list[tuple[Form, str, bool]] = [
    ("oid", ALICE, True),
    ("oid", "alice", False),
    ("name", "alice@example.org", True),
    ("name", ALICE, False),
    ("any", "alice", True),
    ("any", "a/b", False),
    ("any", "a\x1bb", False),
]


@pytest.mark.parametrize(("form", "new", "fits"), FORMS)
def test_a_new_name_has_the_form_that_sign_in_gives(form: Form, new: str, fits: bool) -> None:
    assert (not list(faults([Row(2, "old-one", new)], form))) is fits


def test_the_settings_say_which_form_that_is() -> None:
    entra = settings_of("aiv-prod")
    assert entra.auth.provider == "entra"
    assert form_of(entra) == "oid"
    assert form_of(settings_of("aiv-prod", {"auth": {"usernameClaim": "upn"}})) == "name"
    assert form_of(settings()) == "oid", "before the change, what it is to become"


def test_a_template_is_a_map(tmp_path: Path) -> None:
    text = map_file.written([{"old": 'o"neil, bob', "size": "2Gi"}])
    assert [row.old for row in read(written(tmp_path, text))] == ['o"neil, bob']
