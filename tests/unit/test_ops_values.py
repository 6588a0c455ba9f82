"""`ops values`: those of the release, whole, without a secret, the same each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.values import build
from tests.unit.documents import STACKS, settings_of
from tests.unit.ops_runs import project_of, ran, with_chart

SECRET = "Zr8-kept-to-ourselves-Qx1"


def of(*words: str | Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(ran("values", *words).stdout)
    return values


def without_leaves(values: dict[str, Any]) -> dict[str, Any]:
    """Take off what only a deployment knows."""
    values["hub"].pop("existingSecret")
    values["proxy"].pop("secretToken")
    if notes := values["hub"].get("annotations"):
        notes.pop("checksum/credentials")
        if not notes:
            values["hub"].pop("annotations")
    return values


@pytest.mark.parametrize("stack", STACKS)
def test_they_are_those_that_the_program_builds(stack: str) -> None:
    assert without_leaves(of(stack)) == build(settings_of(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_deployment_fills_in_is_named_and_no_value(stack: str) -> None:
    values, name = of(stack), settings_of(stack).secrets.name
    assert values["proxy"]["secretToken"] == "<secret: generated as proxy-token-1>"
    assert values["hub"]["existingSecret"] == (name or "<name: hub-credentials-...>")
    digest = values["hub"].get("annotations", {}).get("checksum/credentials")
    # With a fixed name the content's digest rolls the hub: here it would be one of references.
    assert digest == ("<made at deployment: digest of the credentials>" if name else None)


def test_json_says_the_same() -> None:
    assert json.loads(ran("values", "lab", "--json").stdout) == of("lab")


def test_defaults_of_the_chart_lie_below_ours(tmp_path: Path) -> None:
    project = with_chart(project_of(tmp_path), {"cull": {"timeout": 1, "concurrency": 10}, "theirs": [1]})
    whole = of("local", "--with-defaults", "--project", project)
    assert whole["theirs"] == [1]
    assert whole["cull"]["concurrency"] == 10
    assert whole["cull"]["timeout"] == 3600
    assert "theirs" not in of("local", "--project", project)


def test_defaults_of_a_chart_that_is_not_there_cannot_be_given(tmp_path: Path) -> None:
    told = ran("values", "local", "--with-defaults", "--project", project_of(tmp_path), ends=2)
    assert "there is no file .charts/jupyterhub-4.4.0.tgz" in told.stderr
    assert told.stdout == ""


def test_secrets_beside_the_settings_are_not_even_looked_at(tmp_path: Path) -> None:
    project = project_of(tmp_path, tlsKey=SECRET, sharedPassword={"secure": SECRET}, namedSecrets=SECRET)
    for words in (["values", "local"], ["values", "local", "--json"], ["manifests", "local"]):
        assert SECRET not in ran(*words, "--project", project).output


def test_settings_that_are_refused_end_with_their_findings(tmp_path: Path) -> None:
    project = project_of(tmp_path, patch={"hub": {"release": "No Label"}})
    for command in ("values", "manifests"):
        told = ran(command, "local", "--project", project, ends=1)
        assert "settings.hub.release" in told.stderr
        assert told.stdout == ""


@pytest.mark.parametrize("command", ["values", "manifests"])
def test_a_stack_that_is_not_there_is_told_with_those_that_are(command: str) -> None:
    told = ran(command, "nowhere", ends=2)
    assert "Pulumi.nowhere.yaml" in told.stderr
    assert ", ".join(STACKS) in told.stderr
