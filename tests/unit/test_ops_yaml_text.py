"""Edits of a stack file as text: what is meant changes, and no other line, comment or quote does."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.yaml_text import Path, Unclear, edited, entry
from tests.unit.documents import PROJECT, STACKS

BLOCK = """\
# head
a:
  # why b
  b: "1"   # one
  list:
    # newest first
    - 2  # since March
    - 1
  flow: {x: 1, y: [2, 1]}   # flow
  nothing:
  empty: {}
# tail
c: ['k', "l"]
"""


def lines(before: str, after: str) -> list[str]:
    return [
        line
        for line in difflib.ndiff(before.splitlines(), after.splitlines())
        if line.startswith(("+ ", "- "))
    ]


@pytest.mark.parametrize(
    ("path", "value", "changed"),
    [
        (("a", "b"), "2", ['-   b: "1"   # one', "+   b: '2'   # one"]),
        (("a", "list"), [3, 2, 1], ["+     - 3"]),
        (("a", "list"), [2], ["-     - 2  # since March", "-     - 1", "+     [2]"]),
        (
            ("a", "flow", "y"),
            [3, 2, 1],
            ["-   flow: {x: 1, y: [2, 1]}   # flow", "+   flow: {x: 1, y: [3, 2, 1]}   # flow"],
        ),
        (
            ("a", "flow", "z"),
            "p, q",
            [
                "-   flow: {x: 1, y: [2, 1]}   # flow",
                "+   flow: {x: 1, y: [2, 1], z: 'p, q'}   # flow",
            ],
        ),
        (("a", "new", "deep"), 1, ["+   new: {deep: 1}"]),
        (("a", "nothing", "deep"), 1, ["-   nothing:", "+   nothing: {deep: 1}"]),
        (("a", "empty", "deep"), 1, ["-   empty: {}", "+   empty: {deep: 1}"]),
        (("d",), "x", ["+ d: x"]),
    ],
)
def test_one_value_changes_and_nothing_else(path: Path, value: object, changed: list[str]) -> None:
    assert sorted(lines(BLOCK, edited(BLOCK, {path: value}))) == sorted(changed)


def test_what_cannot_be_changed_alone_is_left_alone() -> None:
    with pytest.raises(Unclear):
        edited("a: &one {x: 1}\nb: *one\n", {("a", "x"): 2})
    with pytest.raises(Unclear):
        edited("- 1\n", {("a",): 2})


@pytest.mark.parametrize("value", [[], ["x", "y"], "text", 3, {"k": [1]}])
def test_a_list_right_below_its_key_is_replaced_as_well(value: object) -> None:
    text = "a:\n  list:\n  - 1\n  - 2\n  after: 3\n"
    after = edited(text, {("a", "list"): value})
    assert yaml.safe_load(after) == {"a": {"list": value, "after": 3}}


def test_what_is_no_yaml_is_told_as_such() -> None:
    with pytest.raises(Unclear, match="cannot be read as YAML"):
        entry("a: 'b", ("a",))


def test_what_is_not_there_has_no_place() -> None:
    assert entry(BLOCK, ("a", "z")) is None
    assert entry(BLOCK, ("c", "k")) is None


def paths(document: Any, at: Path = ()) -> list[Path]:  # noqa: ANN401 -- any document
    found = [at] if at else []
    if isinstance(document, dict):
        for key, value in document.items():
            found += paths(value, (*at, key))
    return found


FILES = {stack: (PROJECT / f"Pulumi.{stack}.yaml").read_text() for stack in STACKS}
PLACES = [(stack, path) for stack, text in FILES.items() for path in paths(yaml.safe_load(text))]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLACES), st.one_of(st.text(max_size=12), st.integers(), st.lists(st.integers())))
def test_any_value_of_any_stack_file_changes_alone(place: tuple[str, Path], value: object) -> None:
    stack, path = place
    before = FILES[stack]
    try:
        after = edited(before, {path: value})
    except Unclear:
        return
    kept = [line for line in before.splitlines() if line.lstrip().startswith("#")]
    inside = yaml.safe_load(before)
    for name in path:
        inside = inside[name]
    # What replaces a whole section takes the comments inside of it along.
    if not isinstance(inside, dict):
        assert [line for line in after.splitlines() if line.lstrip().startswith("#")] == kept
    here = yaml.safe_load(after)
    for name in path:
        here = here[name]
    assert here == value
