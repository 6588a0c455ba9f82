"""The engine of a stack: a shell for this machine's stacks, secrets encrypted, a killed run repaired."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.engine import repair
from embedded.engine.engine import Engine
from embedded.engine.shell import Shell, environment, exports, write_shell
from embedded.fault import Fault


def program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell whose engine says what it was called with."""
    tools = {
        "pulumi": program(tmp_path / "tools" / "pulumi", 'echo "$@"'),
        "pulumi-language-python": program(tmp_path / "tools" / "pulumi-language-python", ""),
        "helm": program(tmp_path / "tools" / "helm", ""),
    }
    made = Shell("local", tmp_path / "home", tmp_path / "pulumi-home", tmp_path / "kubeconfig", tools)
    write_shell(made)
    for stack in ("local", "lab"):
        (made.home / f"Pulumi.{stack}.yaml").touch()
    return made


def wrapped(shell: Shell, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PULUMI_STACK": shell.stack}
    return subprocess.run(
        [shell.bin / "pulumi", *words], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ["up", "preview", "destroy", "refresh", "import", "config"])
def test_the_shell_gives_the_generated_configuration_to_what_reads_it(shell: Shell, command: str) -> None:
    said = wrapped(shell, "--color", "never", command).stdout
    assert f"--config-file {shell.config_file}" in said
    other = wrapped(shell, command, "--stack", "lab").stdout
    assert f"--config-file {shell.home / 'Pulumi.lab.yaml'}" in other


def test_the_shell_leaves_other_commands_and_a_given_configuration_alone(shell: Shell) -> None:
    assert wrapped(shell, "stack", "output", "url").stdout == "stack output url\n"
    assert str(shell.config_file) not in wrapped(shell, "up", "--config-file", "mine.yaml").stdout


@pytest.mark.parametrize("words", [("-s", "aiv-prod"), ("--stack", "aiv-prod"), ("--stack=org/aiv-prod",)])
def test_the_shell_refuses_a_stack_that_is_not_up_here(shell: Shell, words: tuple[str, ...]) -> None:
    done = wrapped(shell, "up", *words)
    assert done.returncode == 2
    assert "aiv-prod" in done.stderr
    assert "What to do:" in done.stderr


def test_the_environment_points_at_this_machines_state_and_takes_no_pulumi_setting_along(
    shell: Shell,
) -> None:
    made = environment(shell, {"PATH": "/usr/bin", "PULUMI_BACKEND_URL": "s3://theirs", "LANG": "C"})
    assert made["PULUMI_BACKEND_URL"] == f"file://{shell.home}/backend"
    assert made["LANG"] == "C"
    assert made["PATH"].split(os.pathsep)[0] == str(shell.bin)
    assert Shell.from_json(json.loads(json.dumps(shell.to_json()))) == shell
    written = exports(shell, {"HUB_CA_FILE": "/a folder/ca.crt"}).splitlines()
    assert f"export KUBECONFIG={shell.kubeconfig}" in written
    assert "export HUB_CA_FILE='/a folder/ca.crt'" in written


def test_the_passphrase_is_made_once_and_for_its_owner_only(shell: Shell) -> None:
    passphrase = shell.home / "passphrase"
    before = passphrase.read_text()
    write_shell(shell)
    assert passphrase.read_text() == before
    assert len(before) == 64
    assert passphrase.stat().st_mode & 0o077 == 0


# A stand-in for `pulumi config set --secret`, which encrypts what it reads from its standard input.
ENCRYPTS = """
key=$4
value=$(cat | wc -c)
echo "$key" >>"$(dirname "$0")/calls"
for last; do :; done
printf '  %s: {secure: encrypted-%s}\\n' "$key" "$value" >>"$last"
"""


def engine(tmp_path: Path, script: str) -> Engine:
    pulumi = program(tmp_path / "bin" / "pulumi", script)
    backend = tmp_path / "home" / "backend"
    (backend / ".pulumi" / "locks" / "local").mkdir(parents=True)
    env = {"PATH": os.environ["PATH"], "PULUMI_BACKEND_URL": f"file://{backend}"}
    return Engine("local", pulumi, tmp_path, tmp_path / "home" / "Pulumi.local.yaml", env)


def test_secrets_reach_the_configuration_encrypted_and_are_encrypted_once(tmp_path: Path) -> None:
    made = engine(tmp_path, ENCRYPTS)
    (made.config_file.parent / "encryption-salt.local").write_text("v1:salt")
    document: dict[str, Any] = {"encryptionsalt": "", "config": {"jupyterhub:settings": {"a": 1}}}

    made.configure(document, {"jupyterhub:tlsKey": "very secret"})
    first = made.config_file.read_text()
    made.configure(document, {"jupyterhub:tlsKey": "very secret"})
    assert (tmp_path / "bin" / "calls").read_text().count("tlsKey") == 1
    made.configure(document, {"jupyterhub:tlsKey": "another secret"})
    assert (tmp_path / "bin" / "calls").read_text().count("tlsKey") == 2

    assert "very secret" not in first
    assert yaml.safe_load(first)["encryptionsalt"] == "v1:salt"
    assert made.config_file.stat().st_mode & 0o077 == 0
    assert "secret" not in (made.config_file.parent / "encrypted.local.json").read_text()


def lock(made: Engine, pid: int, host: str, stack: str = "local") -> None:
    place = Path(made.env["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi" / "locks" / stack
    place.mkdir(exist_ok=True)
    (place / f"{pid}.json").write_text(json.dumps({"pid": pid, "hostname": host}))


def test_a_lock_of_another_host_is_never_broken(tmp_path: Path) -> None:
    made = engine(tmp_path, "echo called >> calls")
    lock(made, 1, "another-host")
    with pytest.raises(Fault, match="another-host"):
        repair.repair(made, "hub", Path("helm"), Path("kubectl"))
    assert not (tmp_path / "calls").exists()


def test_another_stack_that_is_at_work_is_left_alone(tmp_path: Path) -> None:
    made = engine(tmp_path, 'echo "$@" >>calls; echo "{}"')
    lock(made, 1, "another-host", "lab")
    helm = program(tmp_path / "bin" / "helm", "echo \"$@\" >>$(dirname $0)/helm-calls; echo '[]'")
    repair.repair(made, "hub", helm, Path("kubectl"))
    assert (tmp_path / "calls").read_text().split()[:2] == ["stack", "export"]
    assert "list --namespace hub" in (tmp_path / "bin" / "helm-calls").read_text()


def test_a_command_says_for_which_stack_it_is(tmp_path: Path) -> None:
    made = engine(tmp_path, 'echo "$@"')
    for words in (("up",), ("state", "delete"), ("stack", "export"), ("stack", "output")):
        assert "--stack local" in made.read(*words)


def test_a_dead_runs_lock_is_cancelled_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The engine has no pending operation; Helm has no pending release.
    made = engine(tmp_path, 'echo "$1" >>calls; echo "{}"')
    lock(made, 2**22 + 1, socket.gethostname())
    helm = program(tmp_path / "bin" / "helm", "echo '[]'")
    repair.repair(made, "hub", helm, Path("kubectl"))
    assert "was killed in the middle" in capsys.readouterr().out
    assert (tmp_path / "calls").read_text().split() == ["cancel", "stack"]


def test_what_a_killed_run_had_made_is_taken_over_and_the_rest_forgotten(tmp_path: Path) -> None:
    pending = {
        "deployment": {
            "pending_operations": [
                {
                    "type": "creating",
                    "resource": {
                        "urn": "urn:pulumi:local::p::kubernetes:core/v1:Secret::made",
                        "type": "kubernetes:core/v1:Secret",
                        "inputs": {"metadata": {"name": "made", "namespace": "hub"}},
                    },
                },
                {
                    "type": "creating",
                    "resource": {
                        "urn": "urn:pulumi:local::p::kubernetes:core/v1:Secret::never",
                        "type": "kubernetes:core/v1:Secret",
                        "inputs": {"metadata": {"name": "never", "namespace": "hub"}},
                    },
                },
            ]
        }
    }
    (tmp_path / "state.json").write_text(json.dumps(pending))
    made = engine(tmp_path, 'echo "$@" >>calls; [ "$1" = stack ] && cat state.json; exit 0')
    helm = program(tmp_path / "bin" / "helm", "echo '[]'")
    kubectl = program(tmp_path / "bin" / "kubectl", '[ "$3" = made ]')
    repair.repair(made, "hub", helm, kubectl)
    refresh = (tmp_path / "calls").read_text().splitlines()[-1]
    assert "--clear-pending-creates" in refresh
    assert "--import-pending-creates hub/made" in refresh
    assert "hub/never" not in refresh


HISTORY = """
echo "$@" >>helm-calls
case "$1" in
  list) echo '[{"name": "jupyterhub", "namespace": "hub"}]' ;;
  history) echo '%s' ;;
esac
"""


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        ([{"revision": 1, "status": "pending-install"}], "uninstall jupyterhub"),
        (
            [{"revision": 1, "status": "deployed"}, {"revision": 2, "status": "pending-upgrade"}],
            "rollback jupyterhub 1",
        ),
    ],
)
def test_a_half_made_release_goes_back_to_its_last_good_revision_or_away(
    tmp_path: Path, revisions: list[dict[str, Any]], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = engine(tmp_path, "echo '{}'")
    helm = program(tmp_path / "bin" / "helm", HISTORY % json.dumps(revisions))
    repair.repair(made, "hub", helm, Path("kubectl"))
    assert (tmp_path / "helm-calls").read_text().splitlines()[-1].startswith(expected)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("kubernetes:apps/v1:Deployment", "Deployment.v1.apps"),
        ("kubernetes:core/v1:Secret", "Secret.v1."),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "NetworkPolicy.v1.networking.k8s.io"),
    ],
)
def test_a_type_token_names_its_kind_to_kubectl(token: str, kind: str) -> None:
    assert repair.kubectl_kind(token) == kind
