"""The measurement of starts: phases add up, moments are read as they were told."""

from __future__ import annotations

import pytest

from tests.measure import phases, tables, witness
from tests.measure.phases import Start, of_log, of_pod, start_of

POD = "jupyter-measured"


def pod(**told: object) -> witness.Json:
    return {"kind": "Pod", "metadata": {"name": POD}, "spec": {}, "status": {}, **told}


def event(reason: str, name: str = POD) -> witness.Json:
    return {"kind": "Event", "involvedObject": {"name": name}, "reason": reason}


def test_the_phases_of_a_start_add_up_to_the_whole() -> None:
    moments = {phase.until: 100.0 + number for number, phase in enumerate(phases.OF_A_START, start=1)}
    start = start_of({"click": 100.0, **moments})
    assert sum(start.lasted.values()) == pytest.approx(start.seconds)
    assert list(start.lasted) == [phase.until for phase in phases.OF_A_START]


def test_a_moment_that_comes_before_another_s_end_takes_nothing_from_the_next() -> None:
    # The kubelet's word that a container runs may come after the container's first lines.
    start = start_of({"click": 0.0, "started": 3.0, "imported": 2.0, "usable": 4.0})
    assert start == Start(4.0, {"started": 3.0, "imported": 0.0, "usable": 1.0})


def test_a_pods_moments_are_those_at_which_the_cluster_told_of_it() -> None:
    told = witness.Witness(
        [
            (1.0, event("Pulled", "another")),
            (2.0, pod()),
            (3.0, pod(spec={"nodeName": "node"})),
            (4.0, event("Pulled")),
            (5.0, event("Started")),
            (6.0, pod(status={"podIP": "10.0.0.7"})),
        ]
    )
    assert of_pod(told, POD) == {"created": 2.0, "placed": 3.0, "sandbox": 4.0, "started": 5.0}
    assert (told.address(POD), told.address("another")) == ("10.0.0.7", "")


@pytest.mark.parametrize(
    ("line", "second"),
    [
        ("2026-01-01T00:00:01.25Z words of a line", 1.25),
        ("2026-01-01T00:00:01.250000999Z words of a line", 1.25),
        ("2026-01-01T00:00:01Z words of a line", 1.0),
    ],
)
def test_a_logs_times_are_read_as_finely_as_they_are_written(line: str, second: float) -> None:
    ((at, words),) = witness.lines_of(line)
    assert at % 60 == pytest.approx(second)
    assert words == "words of a line"


def test_a_servers_log_tells_two_moments() -> None:
    lines = [
        (1.0, "jupyter_lsp | extension was successfully linked."),
        (2.0, "jupyterlab | extension was successfully linked."),
        (3.0, "Jupyter Server 2 is running at:"),
    ]
    assert of_log(lines) == {"imported": 1.0, "listening": 3.0}


def test_what_no_hub_does_is_empty_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    alone = Start(1.0, {"imported": 0.75, "usable": 0.25})
    tables.tell({tables.IN_A_POD: [alone], tables.OURS: [Start(2.0, {"asked": 0.5})]}, {})
    printed = capsys.readouterr().out
    assert "2.00" in printed
    assert "0.75" in printed
