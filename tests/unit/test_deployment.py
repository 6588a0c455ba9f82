"""The composition root: everything is checked before anything is registered."""

from __future__ import annotations

import ast
from pathlib import Path

import pulumi
import pytest

from deployment import checked_values, deploy
from settings.load import Brought
from tests.unit.deployed import project
from tests.unit.documents import PROJECT, settings
from tests.unit.packed import pack
from tests.unit.recorder import Recorder, run

STRICT = {
    "type": "object",
    "properties": {"hub": {"type": "object", "properties": {"db": {"type": "string"}}}},
}


def stopped(place: Path) -> tuple[str, Recorder | None]:
    seen: list[Recorder] = []
    with pytest.raises(pulumi.RunError) as raised:
        run(lambda: deploy(settings(), Brought(), place), seen)
    return str(raised.value), seen[0]


def test_a_missing_chart_stops_the_program_before_it_registers_anything(tmp_path: Path) -> None:
    said, recorder = stopped(tmp_path)
    assert "settings.chart.path [C1]" in said
    assert recorder is not None
    assert recorder.requests == {}


def test_values_that_the_chart_refuses_stop_the_program(tmp_path: Path) -> None:
    pack(tmp_path / ".charts" / "jupyterhub-4.4.0.tgz", schema=STRICT)
    said, recorder = stopped(tmp_path)
    assert "values.hub.db [chart schema]" in said
    assert recorder is not None
    assert recorder.requests == {}


def test_values_are_checked_with_the_chart_s_defaults_under_them(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["enabled"]}
    place = tmp_path / ".charts" / "jupyterhub-4.4.0.tgz"
    pack(place, schema=schema, defaults={"enabled": True})
    checked_values(settings(), tmp_path)
    pack(place, schema=schema)
    with pytest.raises(pulumi.RunError, match="'enabled' is a required property"):
        checked_values(settings(), tmp_path)


def test_the_program_is_the_same_each_time() -> None:
    first, second = (run(lambda: deploy(settings(), Brought(), project()))[0] for _ in range(2))
    assert first.requests.keys() == second.requests.keys()


def test_main_loads_deploys_and_exports_and_nothing_else() -> None:
    text = (PROJECT / "__main__.py").read_text()
    assert len(ast.parse(text).body) <= 5
    assert len(text.splitlines()) <= 10
