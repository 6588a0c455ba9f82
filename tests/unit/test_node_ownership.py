"""One node per machine, and one command at a time; what is stale blocks nobody."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.node import ownership
from embedded.node.layout import Layout, Options, layout
from embedded.node.processes import Processes, Spec
from embedded.paths import Paths


@pytest.fixture
def place(tmp_path: Path) -> Layout:
    return Layout(Paths(cache=tmp_path / "cache", state=tmp_path / "state"), run=tmp_path / "run")


@pytest.fixture
def processes(place: Layout) -> Iterator[Processes]:
    made = Processes(place.records, place.paths.logs, str(place.state))
    yield made
    made.stop("part", 0.5)


@pytest.fixture
def first(tmp_path: Path) -> Path:
    checkout = tmp_path / "first"
    checkout.mkdir()
    return checkout


def test_a_second_checkout_is_refused_and_told_where_the_first_lives(
    place: Layout, processes: Processes, first: Path, tmp_path: Path
) -> None:
    processes.ensure(Spec("part", ("/bin/sleep", "60")))
    ownership.claim(place, Options(), first)
    with pytest.raises(Fault, match=f"started from {first}") as told:
        ownership.refuse_other(place, processes, tmp_path / "second")
    assert f"KUBECONFIG={place.paths.kubeconfig}" in told.value.remedy
    assert f"make -C {first} down" in told.value.remedy


def test_the_same_checkout_is_not_refused(place: Layout, processes: Processes, first: Path) -> None:
    processes.ensure(Spec("part", ("/bin/sleep", "60")))
    ownership.claim(place, Options(), first)
    ownership.refuse_other(place, processes, first)


def test_another_state_is_refused_even_from_the_same_checkout(
    place: Layout, processes: Processes, first: Path, tmp_path: Path
) -> None:
    processes.ensure(Spec("part", ("/bin/sleep", "60")))
    ownership.claim(place, Options(), first)
    other = dataclasses.replace(place, paths=Paths(cache=tmp_path, state=tmp_path / "other"))
    with pytest.raises(Fault, match=f"with its state in {place.state}") as told:
        ownership.refuse_other(other, processes, first)
    assert f"EMBEDDED_STATE={place.state} make -C" in told.value.remedy


def test_a_node_of_which_nothing_lives_is_nobodys(place: Layout, processes: Processes, first: Path) -> None:
    ownership.claim(place, Options(), first)
    ownership.refuse_other(place, processes, Path("/somewhere/else"))


def test_a_node_whose_checkout_is_gone_can_be_taken_over(
    place: Layout, processes: Processes, first: Path
) -> None:
    processes.ensure(Spec("part", ("/bin/sleep", "60")))
    ownership.claim(place, Options(), first)
    first.rmdir()
    ownership.refuse_other(place, processes, Path("/somewhere/else"))


def test_the_options_of_the_start_are_remembered(place: Layout, first: Path) -> None:
    options = Options(https_port=9443, api_port=7443, gpus=3, pods=False)
    ownership.claim(place, options, first)
    owner = ownership.read(place)
    assert owner
    assert owner.options == options


def test_two_commands_do_not_fight(place: Layout) -> None:
    with (
        ownership.alone(place),
        pytest.raises(Fault, match="has been starting or stopping the node"),
        ownership.alone(place, patience=0.3),
    ):
        pass


def test_a_lock_file_that_nobody_holds_blocks_nobody(place: Layout) -> None:
    place.run.mkdir(parents=True)
    place.lock.write_text("99999\n")
    began = time.monotonic()
    with ownership.alone(place, patience=5.0):
        assert time.monotonic() - began < 2.0


def test_roots_node_is_recorded_where_every_checkout_looks(tmp_path: Path) -> None:
    paths = Paths(cache=tmp_path, state=tmp_path / "elsewhere")
    assert layout(paths, root=True).record == Path("/run/jupyterhub-embedded/node.json")
    assert layout(paths, root=False).record.is_relative_to(tmp_path)
