"""Whatever a document holds, reading it ends in findings or in settings, never in a traceback."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from settings.document import inspect
from tests.unit.bad_inputs import BAD, committed
from tests.unit.documents import EVERYTHING, STACKS, TODAY, Document, local, patched

DOCUMENTS = [*map(committed, STACKS), patched(local(), EVERYTHING), *(bad.document() for bad in BAD.values())]
Place = tuple[int | str, ...]

# Wrong types, wrong forms, and now and then the right thing.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            *(
                "1Gi",
                "50m",
                "1h",
                "0s",
                "latest",
                "10.0.0.0/8",
                "0.0.0.0/0",
                "::/0",
                "traefik",
                "none",
                "../x",
            ),
            *(
                "public",
                "corporateNetwork",
                "endToEnd",
                "edge",
                "github",
                "sqlite",
                "9999-12-31",
                "0001-01-01",
            ),
            *(
                "4.4.0-rc.1+x",
                "5.0.0",
                "1.28",
                "hub",
                "claim-ada",
                "system-x",
                "hub.localhost",
                "8.8.8.8",
                "::1",
            ),
        ]
    ),
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.one_of(st.text(max_size=6), st.integers(0, 3)), inner, max_size=2),
    ),
    max_leaves=4,
)


def places(document: object, at: Place = ()) -> list[Place]:
    found = [at] if at else []
    if isinstance(document, dict):
        for key, value in document.items():
            found += places(value, (*at, key))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            found += places(value, (*at, number))
    return found


PLACES = [(number, place) for number, one in enumerate(DOCUMENTS) for place in places(one)]


def changed(document: Document, place: Place, value: object) -> Document:
    """Put a value at a place, if an earlier change has left the way to it."""
    result = copy.deepcopy(document)
    here: Any = result
    for part in place[:-1]:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return result
    last = place[-1]
    if isinstance(here, dict) or (isinstance(here, list) and isinstance(last, int) and last < len(here)):
        here[last] = value  # type: ignore[index]
    return result


@given(st.sampled_from(PLACES), ANY, st.sampled_from(PLACES), ANY)
def test_no_document_ends_in_a_traceback(
    first: tuple[int, Place], value: object, second: tuple[int, Place], other: object
) -> None:
    number, place = first
    document = changed(changed(DOCUMENTS[number], place, value), second[1], other)
    settings, found = inspect(document, TODAY)
    assert (settings is None) == any(one.severity == "error" for one in found)
    assert all(one.path.startswith("settings") for one in found)


@given(ANY)
def test_what_is_no_document_at_all_ends_in_findings(document: object) -> None:
    settings, found = inspect(document, TODAY)
    assert settings is None
    assert found
