"""States of earlier versions meet the present program: nothing of a running stack is replaced or vanishes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e import recorded
from tests.e2e.hub import Hub
from tests.e2e.recorded import Step, steps_over, surprises

pytestmark = pytest.mark.node


@pytest.mark.parametrize("place", recorded.of("local"), ids=lambda place: place.stem)
def test_a_recorded_state_is_taken_over_without_a_surprise(place: Path, hub: Hub, tmp_path: Path) -> None:
    assert list(surprises(steps_over(hub, place, tmp_path))) == []


def test_a_vanished_resource_is_a_surprise(hub: Hub, tmp_path: Path) -> None:
    """The same, over a state with a claim that the program does not know any more."""
    place = recorded.of("local")[-1]
    state = json.loads(place.read_text())
    (claim,) = [it for it in state["deployment"]["resources"] if it["urn"].endswith("::claim-shared")]
    renamed = {**claim, "urn": claim["urn"].replace("::claim-shared", "::claim-renamed")}
    state["deployment"]["resources"].append(renamed)
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(state))
    assert list(surprises(steps_over(hub, changed, tmp_path))) == [Step("delete", renamed["urn"])]
