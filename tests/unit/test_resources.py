"""What each committed stack registers: every URN with its parent, what keeps it, and what it waits for.

A URN that vanishes from these lists is an object that the next `pulumi up` deletes: it needs an alias,
or a decision that says why it may go.
"""

from __future__ import annotations

import pytest

from tests.unit.deployed import of_stack
from tests.unit.documents import STACKS, Document
from tests.unit.golden import as_yaml, check
from tests.unit.recorder import Recorder, Request

HEAD = "# What the stack `{stack}` registers: parents, what keeps each from deletion, what it waits for.\n"


def described(recorder: Recorder) -> Document:
    return {_short(asked.urn): _facts(asked, recorder) for asked in recorder.requests.values()}


def _facts(asked: Request, recorder: Recorder) -> Document:
    facts: Document = {}
    if asked.parent in recorder.requests:
        facts["parent"] = recorder.requests[asked.parent].name
    if kept := [word for word in ("protect", "retain") if getattr(asked, word)]:
        facts["kept"] = kept
    if asked.deleted_with:
        facts["deletedWith"] = _short(asked.deleted_with)
    waits = {_short(urn) for urn in asked.dependencies if recorder.requests[urn].custom}
    if waits:
        facts["after"] = sorted(waits)
    return facts


def _short(urn: str) -> str:
    return urn.split("::", 2)[2]


@pytest.mark.parametrize("stack", STACKS)
def test_the_resources_of_a_stack_are_as_reviewed(stack: str) -> None:
    check(f"{stack}.resources.yaml", as_yaml(described(of_stack(stack)[0]), HEAD.format(stack=stack)))


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_of_a_stack_lies_outside_of_its_namespace(stack: str) -> None:
    """But for what belongs to a cluster by its kind, whose names carry the namespace's."""
    recorder, outputs = of_stack(stack)
    for asked in recorder.requests.values():
        if not asked.type.startswith("kubernetes:") or asked.type.endswith(":Release"):
            continue
        metadata = asked.plain()["metadata"]
        inside = metadata.get("namespace") == outputs["namespace"]
        assert inside or outputs["namespace"] in metadata["name"], asked.urn
