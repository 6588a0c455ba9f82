"""The small chart's schema: nothing unknown gets in, and nothing that the JupyterHub chart would refuse."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from chart.schema import over
from chart.values import build
from embedded.charts import SMALL
from tests.unit.documents import EVERYTHING, PROJECT, settings

Json = dict[str, Any]
# The published schema and defaults of the real chart, where they lie beside the project.
DATA = PROJECT.parent / "shared" / "chart"
SCHEMA: Json = json.loads((SMALL / "values.schema.json").read_text())
DEFAULTS: Json = yaml.safe_load((SMALL / "values.yaml").read_text())
VALIDATOR = Draft7Validator(SCHEMA)
# A released chart has its own version here; its source has a mark for the release tool.
TAGS = ("hub.image.tag", "singleuser.image.tag")


@pytest.fixture(scope="module")
def real() -> tuple[Json, Json]:
    if not DATA.is_dir():
        pytest.skip("the published schema of chart 4.4.0 does not lie beside this checkout")
    schema, defaults = (
        yaml.safe_load((DATA / name).read_text()) for name in ("values.schema.yaml", "values.yaml")
    )
    return schema, defaults


def resolved(node: Json) -> Json:
    reference = node.get("$ref")
    return SCHEMA["definitions"][reference.rsplit("/", 1)[-1]] if reference else node


def objects(node: Json = SCHEMA, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Every place of the schema whose keys are named, with its path."""
    node = resolved(node)
    if "properties" in node:
        yield path, node
        for key, below in node["properties"].items():
            yield from objects(below, (*path, key))


def findings(values: Json) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(over(DEFAULTS, values))]


def at(path: tuple[str, ...], leaf: object) -> Json:
    for key in reversed(path):
        leaf = {key: leaf}
    assert isinstance(leaf, dict)
    return leaf


CLOSED = [path for path, node in objects() if node.get("additionalProperties") is False]


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_the_chart_takes_its_own_defaults() -> None:
    assert findings({}) == []


def test_a_key_that_the_chart_does_not_know_is_refused_wherever_keys_are_named() -> None:
    let_in = [
        path for path in CLOSED if not any("notAKey" in why for why in findings(at((*path, "notAKey"), 1)))
    ]

    assert len(CLOSED) > 50
    assert let_in == []


@pytest.mark.parametrize(
    "path",
    [
        ("proxy", "traefik", "labels"),
        ("proxy", "secretSync", "resources"),
        ("singleuser", "networkTools", "resources"),
        ("scheduling", "userScheduler", "replicas"),
        ("scheduling", "userPlaceholder", "replicas"),
        ("prePuller", "hook", "nodeSelector"),
    ],
    ids=".".join,
)
def test_what_the_real_chart_knows_and_this_one_does_not_render_is_refused(path: tuple[str, ...]) -> None:
    assert findings(at(path, {}))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"hub": {"config": {"jupyterHub": {}}}}, "jupyterHub"),
        ({"hub": {"extraFiles": {"a": {"mountPath": "/a"}}}}, "valid under any"),
        (
            {"hub": {"extraFiles": {"a": {"mountPath": "/a", "data": {}, "stringData": ""}}}},
            "valid under each",
        ),
        ({"imagePullSecret": {"create": True}}, "not of type 'string'"),
        ({"singleuser": {"extraEnv": [{"name": "A", "value": "b"}]}}, "not of type 'object'"),
        ({"hub": {"db": {"type": "oracle"}}}, "oracle"),
        ({"hub": {"livenessProbe": {"successThreshold": 2}}}, "successThreshold"),
    ],
)
def test_a_value_that_would_be_lost_or_break_the_hub_is_refused(values: Json, word: str) -> None:
    assert any(word in message for message in findings(values)), findings(values)


@pytest.mark.parametrize("patch", [{}, EVERYTHING], ids=["as committed", "everything else"])
def test_the_small_chart_takes_what_the_program_emits(patch: Json) -> None:
    assert findings(build(settings(patch))) == []


def open_to(real: Json, key: str) -> bool:
    """Whether keys that are not named are taken as they come."""
    extra = real.get("additionalProperties", True)
    return extra is True or key in real.get("patternProperties", {})


def choices(node: Json) -> set[str] | None:
    """The values that an enumeration takes, as JSON."""
    return {json.dumps(value) for value in node["enum"]} if "enum" in node else None


def types(node: Json) -> set[str]:
    given = node.get("type", ["object", "array", "string", "number", "integer", "boolean", "null"])
    named = {given} if isinstance(given, str) else set(given)
    return named | {"integer"} if "number" in named else named


def takes_no_more(ours: Json, theirs: Json) -> bool:
    taken, allowed = choices(ours), choices(theirs)
    if allowed is None:
        return taken is not None or types(ours) <= types(theirs)
    return taken is not None and taken <= allowed


def wider(ours: Json, theirs: Json, path: str) -> Iterator[str]:
    """Every path at which ours takes more than theirs."""
    ours = resolved(ours)
    shut = theirs.get("additionalProperties") is False and "patternProperties" not in theirs
    if shut and ours.get("additionalProperties") is not False:
        yield f"{path} is open"
    if not takes_no_more(ours, theirs):
        yield f"{path} takes other values"
    for key, below in ours.get("properties", {}).items():
        known = theirs.get("properties", {})
        if key in known:
            yield from wider(below, known[key], f"{path}.{key}")
        elif not open_to(theirs, key):
            yield f"{path}.{key} is unknown"


def test_nothing_works_with_the_small_chart_alone(real: tuple[Json, Json]) -> None:
    assert list(wider(SCHEMA, real[0], "values")) == []


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (("hub", "properties", "replicas"), {"type": "integer"}),
        (("cull", "properties", "every"), {"type": "string"}),
        (("ingress", "properties", "pathType"), {"enum": ["Anything"]}),
        (("debug", "additionalProperties"), True),
    ],
    ids=["unknown path", "other type", "other choice", "open"],
)
def test_the_comparison_of_schemas_sees_what_it_looks_for(
    path: tuple[str, ...], change: object, real: tuple[Json, Json]
) -> None:
    ours = copy.deepcopy(SCHEMA)
    place = ours["properties"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = change

    assert len(list(wider(ours, real[0], "values"))) == 1


def leaves(tree: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(tree, dict) and tree:
        for key, below in tree.items():
            yield from leaves(below, f"{path}.{key}".lstrip("."))
    else:
        yield path, tree


def test_defaults_are_those_of_the_real_chart(real: tuple[Json, Json]) -> None:
    theirs = dict(leaves(real[1]))
    ours = {path: value for path, value in leaves(DEFAULTS) if path not in TAGS}

    assert {path: value for path, value in ours.items() if theirs.get(path, "no such path") != value} == {}
