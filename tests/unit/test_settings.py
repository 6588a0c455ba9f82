"""The typed door: committed documents pass, every fault is found, and no document ends in a traceback."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from settings.auth import SharedPassword
from settings.document import Refused, inspect, read
from settings.door import callback_url
from settings.editor import render
from settings.finding import report
from settings.names import amount, seconds
from tests.unit.documents import EVERYTHING, PROJECT, TODAY, local, patched, settings, stack_file


def findings(document: object, today: date = TODAY) -> list[str]:
    return [f"{one.path} [{one.rule}] {one.what}" for one in inspect(document, today)[1]]


@pytest.mark.parametrize("patch", [{}, EVERYTHING], ids=["as committed", "everything else"])
def test_documents_that_tests_use_have_no_errors(patch: dict[str, Any]) -> None:
    found = inspect(patched(local(), patch), TODAY)[1]
    assert [one for one in found if one.severity == "error"] == []


def test_warnings_refuse_nothing_and_errors_come_before_them() -> None:
    unwise = patched(local(), {"ingress": {"idleTimeout": "30s"}})
    allowed, found = inspect(unwise, TODAY)
    assert allowed == read(unwise, TODAY)
    assert [one.severity for one in found] == ["warning"]
    refused, found = inspect(patched(unwise, {"network": {"dns": {"cidrs": []}}}), TODAY)
    assert refused is None
    assert [one.severity for one in found] == ["warning", "error"], "in the order of the document"
    lines = report(found).split("\n")
    assert lines[0] == "The settings cannot be deployed: 1 finding. Nothing was changed."
    assert lines[1].startswith("settings.network.dns [N1]")
    assert "Beside that, 1 warning:" in lines


def test_findings_come_in_the_order_of_the_document() -> None:
    document = patched(
        local(),
        {
            "culling": {"every": "2h"},
            "storage": {"homes": {"size": "10"}, "shared": {"mountPath": "/usr"}},
            "namespace": {"quota": {"requests.cpu": "1", "persistentvolumeclaims": "3"}},
            "cluster": {"colour": "blue"},
        },
    )
    paths = [one.path for one in inspect(document, TODAY)[1]]
    sections = list(dict.fromkeys(path.split(".")[1] for path in paths))
    assert sections == ["cluster", "namespace", "storage", "hub", "culling"]
    assert paths.index("settings.storage.homes.size") < paths.index("settings.storage.shared.mountPath")


def test_the_callback_follows_from_host_and_tls() -> None:
    stacks = {"lab": "https://jupyterhub.yourcompany.com", "aiv-prod": "https://jupyterhub.aiv.internal"}
    for stack, address in stacks.items():
        whole = read(stack_file(stack)["config"]["jupyterhub:settings"], TODAY)
        assert callback_url(whole.ingress, whole.tls) == f"{address}/hub/oauth_callback"
    local_one = settings()
    assert callback_url(local_one.ingress, local_one.tls) == (
        "https://jupyterhub.localhost:8443/hub/oauth_callback"
    )


def test_all_findings_come_at_once_from_both_passes() -> None:
    document = patched(
        local(),
        {
            "auth": {"sso": True},
            "storage": {"homes": {"size": "much"}},
            "images": {"hub": {"tag": "latest"}},
            "network": {"dns": {"cidrs": []}},
        },
    )
    found = "\n".join(findings(document))
    for path in ("settings.auth.sso", "settings.storage.homes.size", "settings.images.hub.tag"):
        assert path in found
    assert "settings.network.dns [N1]" in found


def test_a_finding_says_what_follows_and_what_to_do() -> None:
    with pytest.raises(Refused) as refused:
        read(patched(local(), {"auth": {"expires": "2026-01-01"}}), TODAY)
    text = report(refused.value.findings)
    assert "settings.auth.expires [D13]: the shared password ended on 2026-01-01." in text
    assert "What follows: A test deployment lives on" in text
    assert "What to do:   Move to a sign-in" in text


def test_a_misspelt_field_is_answered_with_the_right_name() -> None:
    with pytest.raises(Refused) as refused:
        read(patched(local(), {"auth": {"anyNme": True}}), TODAY)
    assert "did you mean anyName?" in refused.value.findings[0].remedy


def test_a_missing_section_is_named() -> None:
    assert findings(patched(local(), {"network": None})) == [
        "settings.network [shape] this field is missing."
    ]


@pytest.mark.parametrize("document", [None, [], "text", 3, {}, {"auth": None}, {3: 4}])
def test_what_is_no_document_gives_findings(document: object) -> None:
    assert findings(document)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings().namespace.name = "other"  # type: ignore[misc]


def test_a_namespace_may_begin_with_a_digit() -> None:
    assert settings({"namespace": {"name": "254carbon"}}).namespace.name == "254carbon"


def test_the_shared_password_works_until_its_last_day() -> None:
    document = patched(local(), {"auth": {"expires": "2026-11-22"}})
    assert findings(document, date(2026, 11, 21)) == []
    assert findings(document, date(2026, 11, 22)) != []


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("500m", "0.5"), ("2", "2"), ("1.5Gi", "1610612736"), ("2k", "2000"), ("1M", "1000000")],
)
def test_quantities_have_their_number(quantity: str, number: str) -> None:
    assert amount(quantity) == type(amount("1"))(number)


@pytest.mark.parametrize(("duration", "expected"), [("1h30m", 5400), ("45s", 45), ("24h", 86400)])
def test_durations_have_their_seconds(duration: str, expected: int) -> None:
    assert seconds(duration) == expected


def test_the_editor_schema_is_current() -> None:
    committed = (PROJECT / "schemas" / "settings.schema.json").read_text()
    assert committed == render(), "remake it: .venv/bin/python -m settings.editor"


def test_the_editor_schema_takes_what_the_program_takes() -> None:
    checker = Draft202012Validator(json.loads(render()))
    assert list(checker.iter_errors(stack_file("local"))) == []
    full = {"config": {"jupyterhub:settings": patched(local(), EVERYTHING)}}
    assert list(checker.iter_errors(full)) == []


def test_the_editor_schema_refuses_an_unknown_field() -> None:
    wrong = {"config": {"jupyterhub:settings": patched(local(), {"hub": {"replicas": 2}})}}
    assert list(Draft202012Validator(json.loads(render())).iter_errors(wrong))


def test_stack_files_point_the_editor_at_the_schema_and_switch_the_default_provider_off() -> None:
    for place in PROJECT.glob("Pulumi.*.yaml"):
        text = place.read_text()
        assert text.startswith("# yaml-language-server: $schema=schemas/settings.schema.json\n"), place.name
        config = yaml.safe_load(text)["config"]
        assert config["pulumi:disable-default-providers"] == ["kubernetes"]
        assert "secure" not in text.replace("websecure", "")
        assert "encryptionsalt" not in text


@pytest.mark.parametrize("written", ["2027-06-30", "2027-06-30 00:00:00 +0000 UTC", date(2027, 6, 30)])
def test_a_day_is_read_with_quotes_and_as_the_engine_hands_it_on_without(written: object) -> None:
    found = read(patched(local(), {"auth": {"expires": written}}), TODAY)
    assert isinstance(found.auth, SharedPassword)
    assert found.auth.expires == date(2027, 6, 30)
