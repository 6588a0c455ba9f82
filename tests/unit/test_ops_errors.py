"""Whatever stands in a stack file, each command ends in words, and no word of them is a secret."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from chart import fetch
from ops.cli import app as every
from settings.flat import KNOWN
from settings.stack_file import Unreadable, data_of
from tests.unit.documents import PROJECT
from tests.unit.ops_runs import project_of, ran

SECRET = "Zr8-kept-to-ourselves-Qx1"
BEGUN = "config:\n  jupyterhub:settings:"
DEEP = "[" * 3000 + "]" * 3000
LAUGHS = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))

MALFORMED: dict[str, tuple[str | bytes, int, str]] = {
    "nothing": ("", 1, "no section `config`"),
    "a word": (SECRET, 1, "no section `config`"),
    "no config": ("encryptionsalt: v1:abc\n", 1, "no section `config`"),
    "config that is a list": ("config: [1]\n", 1, "no section `config`"),
    "no settings": ("config:\n  a: b\n", 1, "no `config: jupyterhub:settings:`"),
    "settings of nothing": (f"{BEGUN}\n", 1, "no `config: jupyterhub:settings:`"),
    "a quote that is not closed": (f"{BEGUN}\n    a: '{SECRET}\n   b: 1\n", 5, "no YAML"),
    "a tab": (f"config:\n\tjupyterhub:settings: {SECRET}\n", 2, "no YAML"),
    "two documents": (f"{BEGUN} {{}}\n---\n{SECRET}\n", 3, "no YAML"),
    "a key that is a list": (f"{BEGUN}\n    ? [{SECRET}]\n    : b\n", 3, "no YAML"),
    "code": (f"config: !!python/object/apply:os.system [{SECRET}]\n", 1, "no YAML"),
    "a name of no anchor": (f"{BEGUN} *{SECRET}\n", 2, "no YAML"),
    "a password that begins with !": (f"{BEGUN}\n    a: !{SECRET}\n", 3, "no YAML"),
    "a day that there is not": (f"{BEGUN}\n    a: 2026-13-41\n", 3, "a day that there is not"),
    "a number of 5000 digits": (f"{BEGUN}\n    a: {'9' * 5000}\n", 3, "a number or a day"),
    "a number that is none": (f"{BEGUN}\n    a: !!int {SECRET}\n", 3, "a number or a day"),
    "true that is not": (f"{BEGUN}\n    a: !!bool {SECRET}\n", 3, "a number or a day"),
    "half a character": (f'{BEGUN} {{"a\\ud800": 1}}\n', 1, "half a character"),
    "a control character": (f"{BEGUN}\n    a: \x00{SECRET}\n", 3, "a character that no text has"),
    "a part inside itself": (f"{BEGUN} &a {{about: *a}}\n", 1, "inside itself"),
    "a very deep part": (f"{BEGUN} {DEEP}\n", 1, "far too deep"),
    "a part a hundred million times": (f"config:\n  l0: &l0 [1]\n{LAUGHS}", 1, "inside itself, or far"),
    "Latin 1": (f"# \xe4\n{SECRET}\n".encode("latin-1"), 1, "no text in UTF-8"),
    "UTF-16": (f"{BEGUN} {SECRET}\n".encode("utf-16"), 1, "no text in UTF-8"),
}
"""What a file holds, the line that is named, and what is said."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "values": ("values", "lab"),
    "manifests": ("manifests", "lab"),
    "compare": ("compare", "iav-test", "lab"),
    "env": ("env", "lab"),
    "firewall": ("firewall", "lab"),
    "rights": ("rights", "--stack", "lab"),
    "secrets": ("secrets", "lab"),
    "secrets --generate": ("secrets", "lab", "--generate", "sharedPassword"),
    "secrets --rotate": ("secrets", "lab", "--rotate", "cryptKeys"),
    "new-stack": ("new-stack", "another", "--like", "lab"),
    "new-stack beside it": ("new-stack", "another", "--like", "iav-test"),
}


def project(folder: Path, content: str | bytes) -> Path:
    (folder / "Pulumi.lab.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    shutil.copy(PROJECT / "Pulumi.iav-test.yaml", folder)
    return folder


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(("content", "line", "says"), MALFORMED.values(), ids=MALFORMED)
def test_a_file_that_holds_no_settings_is_told_in_words(
    content: str | bytes, line: int, says: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    place = project(tmp_path, content) / "Pulumi.lab.yaml"
    ended = ran(*command, "--project", tmp_path, ends=2)
    assert ended.stderr.startswith(f"{place}:{line}: " if line > 1 else f"{place}: ")
    assert says in ended.stderr
    assert "What to do:" in ended.stderr
    assert SECRET not in ended.output
    # A shell evaluates what `ops env` prints: a failure has to be one.
    assert ended.stdout == ("false\n" if command[0] == "env" else "")


@pytest.mark.parametrize("form", ["table", "json", "codequality", "sarif"])
@pytest.mark.parametrize(("content", "line", "says"), MALFORMED.values(), ids=MALFORMED)
def test_a_check_tells_it_in_each_form(
    content: str | bytes, line: int, says: str, form: str, tmp_path: Path
) -> None:
    place = project(tmp_path, content) / "Pulumi.lab.yaml"
    ended = ran("check", place, "--format", form, "--project", tmp_path, ends=2 if "UTF" in says else 1)
    assert SECRET not in ended.output
    assert form != "table" or line == 1 or f"Pulumi.lab.yaml:{line} " in ended.stdout


def test_what_may_look_like_a_fault_is_none() -> None:
    shared = "".join(f"  k{n}: *shared\n" for n in range(200))
    assert data_of(f"a: &shared {{b: 2026-11-21}}\nc:\n{shared}")["c"]["k199"]
    assert data_of("\ufeffa: \U0001f600\n") == {"a": "\U0001f600"}
    with pytest.raises(Unreadable):
        data_of("a: 2026-02-30")


@pytest.mark.parametrize("text", ["{}", SECRET, "[1, 2]", "12", f"{{secure: {SECRET}}}"])
@pytest.mark.parametrize("command", [*COMMANDS.values()][:-1], ids=[*COMMANDS][:-1])
def test_settings_that_are_something_else_are_refused(
    text: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    project(tmp_path, f"{BEGUN} {text}\n")
    ended = ran(*command, "--project", tmp_path, ends=1)
    assert SECRET not in ended.output
    assert "ettings" in ended.output


@pytest.fixture(scope="module")
def fetching() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(fetch.main)
    return app


@pytest.mark.parametrize(("content", "line", "says"), MALFORMED.values(), ids=MALFORMED)
def test_the_chart_of_such_a_stack_is_not_fetched(
    content: str | bytes, line: int, says: str, fetching: typer.Typer, tmp_path: Path
) -> None:
    words = ("--stack", "lab", "--project", str(project(tmp_path, content)))
    ended = CliRunner().invoke(fetching, words)
    assert isinstance(ended.exception, SystemExit), ended.exception
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert says in ended.stderr
    assert f"line {line}: " in ended.stderr
    assert SECRET not in ended.stderr


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("stack", ["lab", "aiv-prod"])
def test_no_output_and_no_new_file_holds_a_secret_of_the_stack_file(
    stack: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    planted = {key: f"{SECRET}-{number}" for number, key in enumerate(KNOWN)}
    project_of(tmp_path, stack, **{key: {"secure": value} for key, value in planted.items()})
    project_of(tmp_path, "iav-test", sharedPassword=SECRET, nothingKnown=SECRET)
    words = [stack if word == "lab" else word for word in command]
    before = set(tmp_path.iterdir())
    ended = CliRunner().invoke(every, [*words, "--project", str(tmp_path)])
    assert isinstance(ended.exception, SystemExit | None), ended.exception
    assert ended.exit_code in (0, 1)
    assert SECRET not in ended.output
    assert not [place for place in {*tmp_path.iterdir()} - before if SECRET in place.read_text()]
