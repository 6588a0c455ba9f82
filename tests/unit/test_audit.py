"""The audit trail reaches the hub whole, and its schema is the one that is documented."""

from __future__ import annotations

import importlib
import json
from typing import Any

import jsonschema
import pytest

from chart.values import build
from tests.unit.documents import PROJECT, STACKS, settings_of

FILES = PROJECT / "files" / "hub"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 -- a module
    monkeypatch.syspath_prepend(str(FILES))
    return importlib.import_module("audit_schema")


@pytest.mark.parametrize("stack", STACKS)
def test_every_hub_has_the_whole_trail(stack: str) -> None:
    values = build(settings_of(stack))
    files = values["hub"]["extraFiles"]
    assert {place.name for place in FILES.glob("audit*.py")} <= set(files)
    assert "refusals.py" in files
    assert values["custom"]["auditHub"] == settings_of(stack).ingress.host
    assert "audit.install" in values["hub"]["extraConfig"]["audit"]


def test_a_hub_without_it_has_none_of_it() -> None:
    values = build(settings_of("local", {"monitoring": {"audit": False}}))
    assert not [name for name in values["hub"]["extraFiles"] if name.startswith("audit")]
    assert "auditHub" not in values.get("custom", {})


def test_the_schema_file_is_the_modules(module: Any) -> None:  # noqa: ANN401
    place = PROJECT / "schemas" / "audit.schema.json"
    assert json.loads(place.read_text()) == module.SCHEMA
    jsonschema.Draft202012Validator.check_schema(module.SCHEMA)


def test_the_page_explains_every_event_and_field(module: Any) -> None:  # noqa: ANN401
    page = (PROJECT / "docs" / "audit.md").read_text()
    fields = module.SCHEMA["properties"]
    for name in (*module.EVENTS, *fields, *fields["details"]["properties"]):
        assert f"`{name}`" in page, name
