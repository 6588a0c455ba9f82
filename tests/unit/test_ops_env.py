"""`ops env` and `ops firewall`: what they print is the settings' own, fit for a shell, a form, a program."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.judged import judge
from settings.firewall import firewall, markdown
from settings.stack_file import KEY
from settings.state import State
from tests.unit.documents import PROJECT, STACKS, patched, settings_of, stack_file

ELSEWHERE = [stack for stack in STACKS if settings_of(stack).state]
AWKWARD = 'A team\'s $(own) `word`; "quoted" & more'


def ran(*words: str | Path, ends: int = 0, **env: str) -> Result:
    nothing = {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": ""}
    result = CliRunner().invoke(app, [str(word) for word in words], env={**nothing, **env})
    assert result.exit_code == ends, result.output
    return result


def state_of(stack: str) -> State:
    state = settings_of(stack).state
    assert state is not None
    return state


def in_a_shell(exports: str) -> dict[str, str]:
    """Evaluate exports as people do, and give the environment that comes of it."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'eval "$1"; env -0', "sh", exports],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


@pytest.mark.parametrize("stack", ELSEWHERE)
def test_a_shell_gets_where_the_stack_lives(stack: str) -> None:
    got, wanted, state = in_a_shell(ran("env", stack).stdout), settings_of(stack), state_of(stack)
    assert got["PULUMI_BACKEND_URL"] == state.backend
    assert got["PULUMI_STACK"] == stack
    assert got["HUB_SECRETS_PROVIDER"] == state.secrets_provider
    assert got["HUB_OWNER"] == state.owner
    assert (got["HELM_KUBECONTEXT"], got["HELM_NAMESPACE"]) == (wanted.cluster.context, wanted.namespace.name)
    assert json.loads(ran("env", stack, "--json").stdout).items() <= got.items()


def test_no_word_of_the_settings_is_run_by_the_shell(tmp_path: Path) -> None:
    whole = stack_file("lab")
    whole["config"][KEY]["state"]["owner"] = AWKWARD
    (tmp_path / "Pulumi.odd.yaml").write_text(yaml.safe_dump(whole))
    assert in_a_shell(ran("env", "odd", "--project", tmp_path).stdout)["HUB_OWNER"] == AWKWARD


@pytest.mark.parametrize(("stack", "ends"), [("local", 2), ("nowhere", 2), ("faulty", 1)])
def test_a_shell_that_evaluates_a_failure_fails(stack: str, ends: int, tmp_path: Path) -> None:
    for name in ("local", "faulty"):
        whole = stack_file("local")
        whole["config"][KEY]["hub"]["version"] = 5 if name == "faulty" else "5.5.4"
        (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(whole))
    refused = ran("env", stack, "--project", tmp_path, ends=ends)
    assert refused.stderr
    script = 'eval "$1" && echo deployed'
    done = subprocess.run(["/bin/sh", "-c", script, "sh", refused.stdout], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert ran("env", stack, "--json", "--project", tmp_path, ends=ends).stdout == ""


def test_a_stack_without_state_gives_a_shell_nothing() -> None:
    refused = ran("env", "local", ends=2)
    assert in_a_shell(refused.stdout).keys() <= {"PWD", "_", "SHLVL", "OLDPWD"}
    assert "perhaps another organisation's" in refused.stderr
    assert 'eval "$(make -s env STACK=local)"' in refused.stderr


def test_whoever_needs_a_passphrase_is_told_so_and_it_is_never_printed() -> None:
    asked = ran("env", "lab")
    assert "Ask Lab for it" in asked.stderr
    known = ran("env", "lab", PULUMI_CONFIG_PASSPHRASE="kept-to-ourselves")
    assert known.stderr == ""
    assert known.stdout == asked.stdout
    assert "passphrase" not in ran("env", "aiv-prod").stderr


def test_organisations_share_the_code_and_not_the_state() -> None:
    owners = defaultdict(set)
    for stack in ELSEWHERE:
        owners[state_of(stack).backend].add(settings_of(stack).about.organisation)
    assert {backend: len(names) for backend, names in owners.items()} == dict.fromkeys(owners, 1)


def test_production_and_staging_have_a_key_each() -> None:
    keys = {state_of(stack).secrets_provider for stack in ("aiv-prod", "aiv-staging")}
    assert len(keys) == 2
    assert not keys & {"passphrase", "default"}


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ({"encryptionsalt": "v1:abc"}, True),
        ({"secretsprovider": "passphrase", "encryptionsalt": "v1:abc"}, True),
        ({"secretsprovider": "hashivault://other", "encryptedkey": "abc"}, False),
        ({}, True),
    ],
)
def test_what_pulumi_wrote_about_encryption_agrees(
    written: dict[str, str], clean: bool, tmp_path: Path
) -> None:
    place = tmp_path / "Pulumi.lab.yaml"
    place.write_text(yaml.safe_dump({**stack_file("lab"), **written}))
    rules = {one.finding.rule for one in judge(place, tmp_path, fetch=False).found}
    assert ("L3" not in rules) == clean
    vault = patched(stack_file("lab")["config"][KEY], {"state": {"secretsProvider": "hashivault://own"}})
    place.write_text(yaml.safe_dump({"config": {KEY: vault}, **written}))
    rules = {one.finding.rule for one in judge(place, tmp_path, fetch=False).found}
    assert ("L3" in rules) == bool(written)


@pytest.mark.parametrize("stack", ["aiv-prod", "lab"])
def test_the_firewall_s_rows_are_the_same_in_each_form(stack: str) -> None:
    rows = firewall(settings_of(stack))
    assert json.loads(ran("firewall", stack, "--json").stdout) == json.loads(
        json.dumps([asdict(row) for row in rows])
    )
    assert ran("firewall", stack, "--format", "markdown").stdout == markdown(rows)
    by_columns = list(csv.reader(io.StringIO(ran("firewall", stack, "--format", "csv").stdout)))
    table = ran("firewall", stack).stdout.splitlines()
    assert len(by_columns) == len(table) == len(rows) + 1
    for cells, line in zip(by_columns, table, strict=True):
        assert all(cell in line for cell in cells)


def test_the_firewall_of_an_unknown_stack_is_refused_in_words() -> None:
    refused = ran("firewall", "nowhere", ends=2)
    assert "There is no stack file" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("command", ["env", "firewall"])
def test_settings_with_errors_are_refused_with_every_finding(command: str, tmp_path: Path) -> None:
    whole = stack_file("lab")
    whole["config"][KEY]["state"]["secretsProvider"] = "default"
    whole["config"][KEY]["hub"]["version"] = 5
    (tmp_path / "Pulumi.lab.yaml").write_text(yaml.safe_dump(whole))
    refused = ran(command, "lab", "--project", tmp_path, ends=1)
    assert refused.stdout == ("false\n" if command == "env" else "")
    assert "[L3]" in refused.stderr
    assert "settings.hub.version [shape]" in refused.stderr


def test_every_command_is_described_and_no_other() -> None:
    page = (PROJECT / "docs" / "operators.md").read_text()
    described = re.findall(r"^## `ops ([a-z-]+)`$", page, re.MULTILINE)
    assert sorted(described) == sorted(str(command.name) for command in app.registered_commands)


def test_every_command_has_help_with_an_example() -> None:
    for command in app.registered_commands:
        assert command.name
        helped = ran(command.name, "--help").stdout
        assert f"ops {command.name}" in " ".join(helped.split())
