"""A process is started once, restarted when it should differ, explained when it dies, and never mistaken."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.node import files, identity
from embedded.node.processes import Processes, Spec

SLEEP = ("/bin/sleep", "60")


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path / "run", tmp_path / "logs", str(tmp_path))
    yield made
    for name in made.names():
        made.stop(name, 0.5)
    identity.end(made.strays(), 0.5)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP) as running:
        yield running
        with contextlib.suppress(ProcessLookupError):
            running.kill()


def known(pid: int) -> identity.Identity:
    found = identity.identify(pid)
    assert found
    return found


def test_a_number_that_another_process_got_is_neither_alive_nor_signalled(
    child: subprocess.Popen[bytes],
) -> None:
    real = known(child.pid)
    earlier = dataclasses.replace(real, ticks=real.ticks - 1)
    assert not earlier.alive()
    earlier.send(signal.SIGKILL)
    identity.end([earlier], 0.1)
    time.sleep(0.1)
    assert real.alive()


def test_a_number_from_before_a_reboot_is_not_alive(child: subprocess.Popen[bytes]) -> None:
    assert not dataclasses.replace(known(child.pid), boot="another").alive()


def test_a_zombie_is_not_alive(child: subprocess.Popen[bytes]) -> None:
    real = known(child.pid)
    child.kill()
    deadline = time.monotonic() + 5
    while real.alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert Path(f"/proc/{child.pid}").exists()
    assert not real.alive()


def test_the_end_is_insisted_on(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    with subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; echo up; sleep 60 & wait; wait"]) as stubborn:
        time.sleep(0.2)
        who = known(stubborn.pid)
        identity.end([who], 0.2)
        assert not who.alive()


def test_what_runs_as_it_should_is_left_alone(processes: Processes) -> None:
    spec = Spec("part", SLEEP)
    assert processes.ensure(spec)
    before = processes.running("part")
    assert not processes.ensure(spec)
    assert processes.running("part") == before


def test_a_killed_process_is_started_again(processes: Processes) -> None:
    spec = Spec("part", SLEEP)
    processes.ensure(spec)
    before = processes.running("part")
    assert before
    os.kill(before.identity.pid, signal.SIGKILL)
    while before.identity.alive():
        time.sleep(0.01)
    assert processes.running("part") is None
    assert processes.ensure(spec)


@pytest.mark.parametrize("change", ["argument", "environment", "file"])
def test_a_process_that_is_out_of_date_is_replaced(processes: Processes, tmp_path: Path, change: str) -> None:
    config = tmp_path / "config"
    config.write_text("one")
    spec = Spec("part", SLEEP, inputs=(config,))
    processes.ensure(spec)
    before = processes.running("part")
    assert before
    if change == "argument":
        spec = dataclasses.replace(spec, argv=("/bin/sleep", "61"))
    elif change == "environment":
        spec = dataclasses.replace(spec, env={"A": "b"})
    else:
        config.write_text("two")
    assert processes.ensure(spec)
    assert not before.identity.alive()


def test_a_process_that_dies_at_once_is_told_with_its_last_words(processes: Processes) -> None:
    spec = Spec("part", ("/bin/sh", "-c", "echo no such option; exit 3"), ready=lambda: False)
    with pytest.raises(Fault, match="part ended as soon as it was started") as told:
        processes.ensure(spec)
    assert "no such option" in str(told.value)
    assert str(processes.log("part")) in told.value.remedy


def test_the_last_words_of_an_earlier_life_are_not_told(processes: Processes) -> None:
    for words in ("earlier", "later"):
        spec = Spec("part", ("/bin/sh", "-c", f"echo {words}; exit 1"), ready=lambda: False)
        with pytest.raises(Fault) as told:
            processes.ensure(spec)
    assert "later" in told.value.what
    assert "earlier" not in told.value.what


def test_a_process_that_never_answers_is_told(processes: Processes) -> None:
    spec = Spec("part", SLEEP, ready=lambda: False, patience=0.3)
    with pytest.raises(Fault, match="did not answer within"):
        processes.ensure(spec)


def test_a_missing_program_is_told(processes: Processes) -> None:
    with pytest.raises(Fault, match="cannot be started: No such file"):
        processes.ensure(Spec("part", ("/nonexistent/program",)))


def test_a_process_whose_record_was_lost_is_found_and_ended(processes: Processes, tmp_path: Path) -> None:
    spec = Spec("part", SLEEP)
    processes.ensure(spec)
    lost = processes.running("part")
    assert lost
    (tmp_path / "run" / "part.json").unlink()
    assert lost.identity in processes.strays()
    processes.ensure(spec)
    assert not lost.identity.alive()


def test_another_nodes_processes_are_not_strays(processes: Processes, tmp_path: Path) -> None:
    other = Processes(tmp_path / "other-run", tmp_path / "logs", str(tmp_path / "other"))
    other.ensure(Spec("part", SLEEP))
    try:
        assert processes.strays() == []
        processes.ensure(Spec("part", SLEEP))
        assert other.running("part")
    finally:
        other.stop("part", 0.5)


def test_a_proxy_of_the_shell_does_not_reach_the_parts(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    processes.ensure(
        Spec(
            "part",
            (sys.executable, "-c", "import os,time; print(sorted(os.environ), flush=True); time.sleep(60)"),
            ready=lambda: len(files.last_lines(processes.log("part"))) > 0,
        )
    )
    assert "PROXY" not in processes.log("part").read_text()


def test_a_half_written_record_counts_as_none(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "part.json").write_text('{"pid": 1')
    assert processes.running("part") is None
    assert processes.ensure(Spec("part", SLEEP))


def test_a_log_does_not_grow_for_ever(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.node.processes.LOG_LIMIT", 100)
    log = processes.log("part")
    log.parent.mkdir()
    log.write_text("x" * 200)
    processes.ensure(Spec("part", SLEEP))
    assert log.stat().st_size < 200
    assert log.with_suffix(".log.old").stat().st_size == 200
