"""No document makes anything but findings, or values that the chart takes and the hub knows."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from chart import schema, traits
from chart.source import Archive
from chart.values import build
from settings import Settings
from settings.document import Refused, read
from tests.unit.documents import STACKS, TODAY, Document, committed, patched
from tests.unit.variants import AXES

CHOICES = st.lists(st.sampled_from(sorted(AXES)), min_size=1, max_size=5, unique=True).flatmap(
    lambda axes: st.tuples(*(st.sampled_from(AXES[axis]) for axis in axes))
)
JUNK = st.sampled_from(
    [None, "", "x", -1, 1.5, True, [], [None], {}, {"a": 1}, "0", "10.0.0.0/33", "ä" * 300]
)


def passed(document: object) -> Settings | None:
    try:
        return read(document, TODAY)
    except Refused:
        return None


def fit(settings: Settings, chart: Archive) -> None:
    values = build(settings)
    assert schema.findings(values, chart) == []
    told = traits.findings_with(settings.hub.version, values)
    assert [str(one) for one in told if one.severity == "error"] == []


@given(st.sampled_from(STACKS), CHOICES)
@how(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_what_passes_the_door_passes_the_chart(
    real_chart: Archive, stack: str, patches: tuple[Document, ...]
) -> None:
    settings = passed(reduce(patched, patches, committed(stack)))
    if settings:
        fit(settings, real_chart)


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 -- JSON
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    inner = [(*at, key) for key, _ in pairs]
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    return inner + [
        place for key, item in pairs if isinstance(item, dict | list) for place in places(item, (*at, key))
    ]


@given(st.data())
@how(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_stands_at_a_place_is_refused_or_fits(real_chart: Archive, data: st.DataObject) -> None:
    document = patched(committed(data.draw(st.sampled_from(STACKS))), {})
    *path, last = data.draw(st.sampled_from(places(document)))
    target = document
    for part in path:
        target = target[part]
    target[last] = data.draw(JUNK)
    if settings := passed(document):
        fit(settings, real_chart)


@pytest.mark.parametrize("axis", sorted(AXES))
def test_every_choice_is_open_to_some_stack(axis: str) -> None:
    """Else the property above would be true of refusals alone."""
    for patch in AXES[axis]:
        assert any(
            passed(reduce(patched, (patch, *more), committed(stack))) for stack in STACKS for more in COMPANY
        ), patch


# What other sections must say so that a choice makes sense.
COMPANY: tuple[tuple[Document, ...], ...] = (
    (),
    (
        {"network": {"ingressFrom": []}},
        {"tls": {"source": "none", "termination": "edge", "secretName": None}},
    ),
    (
        {"network": {"ingressFrom": ["edge"]}},
        {"tls": {"source": "pem", "secretName": "tls", "termination": "ingress"}},
    ),
    ({"tls": {"source": "none", "termination": "loadBalancer", "secretName": None}},),
)
