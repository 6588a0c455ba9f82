"""`ops new-stack`: a file that passes, holds nothing secret of the other's, and asks for no further edit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.new_stack.differs import OPTIONAL, TABLE, Differs, at
from settings import Settings
from settings.document import inspect
from tests.unit.documents import PROJECT, STACKS, TODAY, Document, committed, patched

CIPHER = "AAABANf7nVvVnotarealvalue=="
SALT = "v1:bm90IGEgcmVhbCBzYWx0:v1:bm90aGluZw=="


def run(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["new-stack", *arguments, "--project", str(place)])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project folder with the committed stack files, and no tests."""
    for stack in STACKS:
        shutil.copy(PROJECT / f"Pulumi.{stack}.yaml", tmp_path)
    return tmp_path


NAME = "made-by-a-test"
"""No stack that somebody makes to try the command is called so."""


def text_of(place: Path, name: str = NAME) -> str:
    return (place / f"Pulumi.{name}.yaml").read_text()


def made(place: Path, *arguments: str) -> Document:
    ended = run(place, NAME, *arguments)
    assert (ended.exit_code, ended.stderr) == (0, "")
    document: Document = yaml.safe_load(text_of(place))["config"]["jupyterhub:settings"]
    return document


@pytest.mark.parametrize("like", STACKS)
def test_it_differs_from_the_other_where_it_must_and_nowhere_else(like: str, place: Path) -> None:
    document, theirs = made(place, "--like", like), committed(like)
    assert not [one for one in inspect(document, TODAY)[1] if one.severity in ("error", "warning")]
    changed = [one for one in TABLE if at(document, one.path) != at(theirs, one.path)]
    assert all(one.own for one in changed)
    assert {("cluster", "identifier"), ("namespace", "name"), ("ingress", "host")} <= {
        one.path for one in changed
    }
    lay = [_nested(one.path, at(document, one.path)) for one in changed]
    assert document == reduce(patched, lay, theirs)


def _nested(path: tuple[str, ...], value: Any) -> Document:  # noqa: ANN401 -- any value
    return {path[0]: _nested(path[1:], value) if len(path) > 1 else value}


@pytest.mark.parametrize("like", STACKS)
def test_every_line_of_the_other_s_settings_stays_as_it_was_written(like: str, place: Path) -> None:
    made(place, "--like", like)
    theirs = (PROJECT / f"Pulumi.{like}.yaml").read_text().splitlines()
    body = theirs[theirs.index("config:") :]
    lost = [line for line in body if line not in text_of(place).splitlines()]
    own = [one.path[-1] for one in TABLE if one.own]
    assert [line for line in lost if line.strip().split(":")[0] not in own and not is_mark(line)] == []


def is_mark(line: str) -> bool:
    return line.lstrip().startswith(("# OWN: ", "# AS "))


def test_a_stack_like_a_new_one_has_its_own_marks_alone(place: Path) -> None:
    made(place, "--like", "carbon254")
    ended = run(place, "the-next", "--like", NAME)
    assert ended.exit_code == 0
    before, after = text_of(place), text_of(place, "the-next")
    assert "carbon254: " not in after.partition("config:")[2]
    assert sum(map(is_mark, before.splitlines())) == sum(map(is_mark, after.splitlines()))


@pytest.mark.parametrize("like", STACKS)
def test_what_is_the_other_s_is_marked_right_above_it(like: str, place: Path) -> None:
    told = json.loads(run(place, NAME, "--like", like, "--json").stdout)
    lines = text_of(place).splitlines()
    marks = [(line.strip(), below) for line, below in pairwise(lines) if "# AS " in line]
    marked = {(line, below.strip().split(":")[0]) for line, below in marks[1:]}
    assert marked == {
        (f"# AS {like}: {what}", setting.rpartition(".")[2]) for setting, what in told["still"].items()
    }
    owned = {line.strip() for line in lines if line.startswith(" ") and "# OWN: " in line}
    by_setting = {one.setting: one for one in TABLE}
    assert owned == {f"# OWN: {by_setting[setting].what}" for setting in told["own"]}


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.setting)
def test_every_path_of_the_table_is_a_setting(one: Differs) -> None:
    kinds: list[Any] = [Settings]
    for name in one.path:
        fields = [
            field
            for kind in kinds
            if isinstance(kind, type) and issubclass(kind, BaseModel)
            for key, field in kind.model_fields.items()
            if (field.alias or key) == name
        ]
        assert fields, one.setting
        kinds = [kind for field in fields for kind in (field.annotation, *_inside(field.annotation))]
    assert all(path in [one.path for one in TABLE] for path in OPTIONAL)


def _inside(annotation: object) -> list[Any]:
    return [kind for part in get_args(annotation) for kind in (part, *_inside(part))]


def test_what_is_given_is_written_and_not_marked(place: Path) -> None:
    document = made(
        place,
        *("--like", "aiv-staging", "--organisation", "Observatory, North", "--context", "north"),
        *("--identifier", "north", "--namespace", "hub", "--host", "hub.north.example"),
        *("--client-id", "00000000-0000-4000-8000-000000000001", "--database-host", "db.north.example"),
        *("--backend", "s3://north", "--secrets-provider", "passphrase", "--owner", "North"),
    )
    assert document["about"]["organisation"] == "Observatory, North"
    assert document["cluster"]["context"] == document["cluster"]["identifier"] == "north"
    assert (document["namespace"]["name"], document["ingress"]["host"]) == ("hub", "hub.north.example")
    assert document["auth"]["clientId"].endswith("1")
    assert document["database"]["host"] == "db.north.example"
    assert document["state"] == {"backend": "s3://north", "secretsProvider": "passphrase", "owner": "North"}
    lines = text_of(place).splitlines()
    for key in ("organisation", "context", "host", "clientId", "backend", "owner"):
        assert all("#" not in above for above, line in pairwise(lines) if f" {key}:" in line)


def test_a_stack_in_the_same_cluster_has_its_identifier(place: Path) -> None:
    document = made(place, "--like", "lab", "--context", "lab")
    assert document["cluster"]["identifier"] == "lab"
    assert document["namespace"]["name"] == f"jupyterhub-{NAME}"


def test_nothing_that_belongs_to_the_other_alone_is_copied(place: Path) -> None:
    file = place / "Pulumi.lab.yaml"
    file.write_text(
        f"encryptionsalt: {SALT}\nsecretsprovider: passphrase\n"
        + file.read_text().replace(
            "  jupyterhub:settings:\n",
            "  # What the provider's page showed in March.\n"
            f"  jupyterhub:oauthClientSecret:\n    secure: {CIPHER}\n"
            "  jupyterhub:tunnelToken: a-token-in-plain-text\n"
            f"  pulumi:someToken: {{secure: {CIPHER}}}\n"
            "  jupyterhub:settings:\n",
        )
        + f"  jupyterhub:namedSecrets:\n    secure: {CIPHER}\n"
    )
    ended = run(place, NAME, "--like", "lab")
    assert ended.exit_code == 0
    assert ended.stdout.count("jupyterhub:namedSecrets") >= 1
    written = text_of(place)
    for theirs in (CIPHER, SALT, "secure", "plain-text", "passphrase\n", "encryptionsalt", "in March"):
        assert theirs not in written.replace("secretsProvider: passphrase\n", ""), theirs
        assert theirs not in ended.output.replace("jupyterhub:", ""), theirs
    whole = yaml.safe_load(written)
    assert list(whole) == ["config"]
    assert set(whole["config"]) == {"pulumi:disable-default-providers", "jupyterhub:settings"}
    assert "Not copied, since they are the other's: jupyterhub:oauthClientSecret" in ended.stdout


REFUSED = {
    "a name with a dot": (("de.mo", "--like", "lab"), "no name of a stack"),
    "a name with capitals": (("Demo", "--like", "lab"), "no name of a stack"),
    "a name that is a path": (("../demo", "--like", "lab"), "no name of a stack"),
    "a name of 41 letters": (("d" * 41, "--like", "lab"), "no name of a stack"),
    "a name that is taken": (("aiv-prod", "--like", "lab"), "is there already, and is left as it is"),
    "a host that is none": ((NAME, "--like", "lab", "--host", "no host"), "settings.ingress.host"),
    "the host of another": (
        (NAME, "--like", "lab", "--host", "jupyterhub.aiv.internal"),
        "aiv-prod has ingress.host jupyterhub.aiv.internal already",
    ),
    "the namespace of another": (
        (NAME, "--like", "lab", "--context", "lab", "--namespace", "jupyterhub-test"),
        "lab has cluster.identifier lab and namespace.name jupyterhub-test already",
    ),
    "an application where there is none": (
        (NAME, "--like", "iav-test", "--client-id", "x"),
        "--client-id means nothing here",
    ),
    "a tunnel where there is none": (
        (NAME, "--like", "aiv-prod", "--tunnel", "x"),
        "--tunnel means nothing",
    ),
}


@pytest.mark.parametrize(("arguments", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    arguments: tuple[str, ...], says: str, place: Path
) -> None:
    before = {file: file.read_bytes() for file in place.iterdir()}
    ended = run(place, *arguments)
    assert ended.exit_code == 1, ended.output
    assert says in ended.stderr
    assert "Traceback" not in ended.output
    assert {file: file.read_bytes() for file in place.iterdir()} == before


def test_a_stack_like_none_cannot_be_made(place: Path) -> None:
    ended = run(place, NAME, "--like", "nowhere")
    assert ended.exit_code == 2
    assert "There is no stack file" in ended.stderr


@pytest.mark.parametrize(
    ("before", "after", "says", "code"),
    [
        ("clientId: Iv1.0123456789abcdef", f"clientId: {{secure: {CIPHER}}}", "A secret stands inside", 1),
        ("config:\n", "config: {}\nother:\n", "has no `config: jupyterhub:settings:`", 2),
    ],
)
def test_a_file_that_cannot_be_copied_is_refused(
    before: str, after: str, says: str, code: int, place: Path
) -> None:
    file = place / "Pulumi.lab.yaml"
    file.write_text(file.read_text().replace(before, after))
    ended = run(place, NAME, "--like", "lab")
    assert ended.exit_code == code
    assert says in ended.stderr
    assert CIPHER not in ended.output
    assert not (place / f"Pulumi.{NAME}.yaml").exists()


def test_snapshots_that_cannot_be_made_are_no_secret_and_the_file_is_there(place: Path) -> None:
    tests = place / "tests" / "unit"
    tests.mkdir(parents=True)
    (tests / "test_values_stacks.py").write_text("raise RuntimeError('not today')\n")
    ended = run(place, NAME, "--like", "lab")
    assert ended.exit_code == 2
    assert "the stack file is there" in ended.stderr
    assert "UPDATE_GOLDEN=1" in ended.stderr
    assert "pulumi preview" in ended.stdout
    assert run(place, "without", "--like", "lab", "--no-golden").exit_code == 0


def test_the_next_steps_name_the_new_stack_s_own_commands(place: Path) -> None:
    told = json.loads(run(place, NAME, "--like", "aiv-prod", "--json").stdout)
    commands = [command for step in told["next"] for command in step["commands"]]
    for wanted in (
        f"bin/ops check --stack {NAME}",
        f'eval "$(bin/ops env {NAME})"',
        f'pulumi stack init {NAME} --secrets-provider "$HUB_SECRETS_PROVIDER"',
        f"pulumi config set --stack {NAME} --secret jupyterhub:oauthClientSecret",
        f"pulumi preview --stack {NAME}",
        f"make preview STACK={NAME}",
    ):
        assert wanted in commands
    assert not [command for command in commands if re.search(r"(--stack|--context) aiv-prod", command)]


ENUMERATING = (
    *("test_environments", "test_bad_inputs", "test_values_stacks", "test_resources", "test_values_sign_in"),
    *("test_world_plan", "test_firewall", "test_chart_traits"),
)
"""Tests that go through the stacks, but for the slow ones: each finds a new one by its file."""


def test_a_new_stack_passes_the_tests_with_no_other_edit(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("UPDATE_GOLDEN", None)

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], check=False, cwd=copy, env=env, capture_output=True, text=True
        )

    begun = python("-m", "ops", "new-stack", NAME, "--like", "iav-test")
    assert begun.returncode == 0, begun.stderr
    golden = copy / "tests" / "golden"
    assert {file.name for file in golden.glob(f"{NAME}.*")} == {
        f"{NAME}.resources.yaml",
        f"{NAME}.values.yaml",
    }
    assert {file.name: file.read_bytes() for file in golden.iterdir() if NAME not in file.name} == {
        file.name: file.read_bytes() for file in (PROJECT / "tests" / "golden").iterdir()
    }
    tests = [f"tests/unit/{name}.py" for name in ENUMERATING]
    chosen = ("-k", f"{NAME} or table or one_hub or judged")
    ended = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, *tests)
    assert ended.returncode == 0, ended.stdout
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed
    assert int(passed.group(1)) >= 15
