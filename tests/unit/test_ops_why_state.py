"""`ops why` and Pulumi's state: locks, operations left open, another backend."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ops.why import stored_state
from ops.why.facts import Lock, State
from ops.why.judge import judged
from tests.unit.documents import settings_of
from tests.unit.ops_runs import tool
from tests.unit.why_facts import (
    NOW,
    facts,
    only,
    revision,
)

SPACE = {"namespaces": [{"metadata": {"name": "hub"}}], "releases": []}


DEAD = Lock("ada@laptop", 7, NOW, here=True, alive=False)


def of_state(state: State) -> list[str]:
    cause = only(facts(state=state))
    return [cause.rule, cause.advice, *cause.commands]


def test_a_lock_of_a_run_that_ended_is_taken_away_and_that_of_another_machine_asked_about() -> None:
    rule, advice, *commands = of_state(State(there=True, locks=(DEAD,)))
    assert (rule, commands[0]) == ("state-locked", "pulumi cancel --yes --stack local")
    assert "nobody is at work" in advice
    assert "Ask ada@laptop" in of_state(State(there=True, locks=(replace(DEAD, here=False, alive=True),)))[1]


def test_whoever_is_at_work_is_waited_for_and_explains_a_pending_release() -> None:
    at_work = State(there=True, locks=(replace(DEAD, alive=True),))
    (root,) = judged(facts(objects=SPACE, state=at_work, revisions=[revision(1, "pending-install")]))
    assert root.cause.rule == "at-work"
    assert root.cause.advice.startswith("Wait for it")
    assert [one.rule for one in root.consequences] == ["release-pending"]


def test_a_dead_lock_does_not_hide_the_pending_release_which_wants_its_own_step() -> None:
    roots = judged(
        facts(
            objects=SPACE, state=State(there=True, locks=(DEAD,)), revisions=[revision(1, "pending-install")]
        )
    )
    assert {root.cause.rule for root in roots} == {"state-locked", "release-pending"}


def test_another_backend_a_missing_stack_and_pending_operations_are_told_apart() -> None:
    assert of_state(State("s3://state", "file:///x"))[2] == 'eval "$(bin/ops env local)"'
    assert of_state(State("s3://state", "s3://state/", there=False))[0] == "no-stack"
    pending = State(there=True, pending=("creating kubernetes:helm.sh/v3:Release release",))
    assert of_state(pending)[2] == "pulumi refresh --stack local"
    assert judged(facts(state=State("s3://state", "s3://state/", there=True))) == []


@pytest.mark.parametrize(
    ("used", "asked"),
    [("s3://state/", True), ("file:///x", False), ("https://app.pulumi.com/ada", False)],
)
def test_a_shell_with_another_backend_is_not_asked_about_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: str, asked: bool
) -> None:
    with_pulumi(tmp_path, monkeypatch, f"""[ "$1" = whoami ] && echo '{{"url": "{used}"}}' || echo '{{}}'""")
    of = {"backend": "s3://state", "secretsProvider": "passphrase", "owner": "a team"}
    state, _ = stored_state.stored("local", settings_of("local", {"state": of}))
    assert (state.there is True) == asked
    assert state.used == used


def test_on_the_embedded_node_the_state_is_the_node_s_whatever_the_stack_s_own_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pulumi(tmp_path, monkeypatch, """[ "$1" = whoami ] && echo '{"url": "file:///x"}' || echo '{}'""")
    monkeypatch.setenv("HUB_STACK_FILES", str(tmp_path))
    of = {"backend": "s3://state", "secretsProvider": "passphrase", "owner": "a team"}
    state, _ = stored_state.stored("local", settings_of("local", {"state": of}))
    assert (state.wanted, state.there) == (None, True)


def with_pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.delenv("HUB_STACK_FILES", raising=False)
    tool(folder / "bin", "pulumi", f"#!/bin/sh\n{script}\n")
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


def lock_file(folder: Path, stack: str, **more: object) -> None:
    place = folder / ".pulumi" / "locks" / "organization" / "jupyterhub" / stack / "1.json"
    place.parent.mkdir(parents=True)
    told = {
        "pid": os.getpid(),
        "username": "ada",
        "hostname": socket.gethostname(),
        "timestamp": "2026-11-21T21:00:00Z",
    }
    place.write_text(json.dumps({**told, **more}))


def test_locks_and_operations_are_read_from_a_folder_and_those_of_other_stacks_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urn = "urn:pulumi:local::jupyterhub::jupyterhub:components:Hub$kubernetes:helm.sh/v3:Release::release"
    exported = json.dumps(
        {"deployment": {"pending_operations": [{"type": "creating", "resource": {"urn": urn}}]}}
    )
    with_pulumi(
        tmp_path,
        monkeypatch,
        f"""case "$1" in whoami) echo '{{"url": "file://{tmp_path}"}}';; *) echo '{exported}';; esac""",
    )
    lock_file(tmp_path, "local")
    lock_file(tmp_path, "lab", hostname="elsewhere")
    state, unseen = stored_state.stored("local", settings_of("local"))
    assert unseen == []
    assert state.pending == ("creating kubernetes:helm.sh/v3:Release release",)
    (lock,) = state.locks
    assert (lock.who, lock.here, lock.alive) == (f"ada@{socket.gethostname()}", True, True)


def test_a_lock_of_a_process_that_is_gone_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_pulumi(
        tmp_path,
        monkeypatch,
        f"""[ "$1" = whoami ] && echo '{{"url": "file://{tmp_path}"}}' || echo '{{}}'""",
    )
    lock_file(tmp_path, "local", pid=2**22 + 1)
    state, _ = stored_state.stored("local", settings_of("local"))
    assert not state.locks[0].alive


AT_S3 = """[ "$1" = whoami ] && echo '{"url": "s3://a"}'"""


@pytest.mark.parametrize(
    ("script", "there", "said"),
    [
        (f"""{AT_S3} || {{ echo "error: no stack named 'x' found" >&2; exit 1; }}""", False, ""),
        (f"{AT_S3} || echo '{{}}'", True, "s3://a/.pulumi/locks"),
        (
            """echo 'error: could not open bucket: password=hunter2' >&2; exit 1""",
            None,
            "could not open bucket",
        ),
    ],
)
def test_what_of_the_state_could_not_be_seen_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, there: bool | None, said: str
) -> None:
    with_pulumi(tmp_path, monkeypatch, script)
    state, unseen = stored_state.stored("local", settings_of("local"))
    assert state.there is there
    assert said in " ".join(one.why for one in unseen)
    assert "hunter2" not in repr(unseen)
