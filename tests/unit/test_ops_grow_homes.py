"""Homes grow to the settings' size where their class can, by whoever types it, and never shrink."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.ops_runs import project_of, ran, tool

# A kubectl of three homes and two classes; what it is told to patch, it writes down.
KUBECTL = """#!/usr/bin/env python3
import json, pathlib, sys
words = sys.argv[1:]
CLASSES = {"grows": True, "stays": False}
if "patch" in words:
    if "claim-refused" in words:
        sys.exit("Error from server (Forbidden): exceeded quota: storage")
    with open(pathlib.Path(__file__).parent / "patched", "a") as file:
        print(words[words.index("persistentvolumeclaim") + 1], words[-1], file=file)
elif "storageclass" in words:
    name = words[words.index("storageclass") + 1]
    print(json.dumps({"allowVolumeExpansion": CLASSES[name]}))
elif "persistentvolumeclaims" in words:
    print(json.dumps({"items": json.loads((pathlib.Path(__file__).parent / "claims").read_text())}))
"""


def claim(owner: str, size: str, kind: str = "grows", phase: str = "Bound") -> dict[str, object]:
    return {
        "metadata": {"name": f"claim-{owner}", "annotations": {"hub.jupyter.org/username": owner}},
        "spec": {"storageClassName": kind, "resources": {"requests": {"storage": size}}},
        "status": {"phase": phase},
    }


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tools"
    tool(folder, "kubectl", KUBECTL)
    (folder / "claims").write_text(
        json.dumps([claim("small", "1Gi"), claim("equal", "2048Mi"), claim("large", "1Ti")])
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("HUB_STACK_FILES", raising=False)
    return folder


def with_claims(tools: Path, *claims: dict[str, object]) -> None:
    (tools / "claims").write_text(json.dumps(claims))


def patched(tools: Path) -> list[str]:
    place = tools / "patched"
    return place.read_text().splitlines() if place.exists() else []


def test_without_apply_nothing_is_changed(tools: Path, tmp_path: Path) -> None:
    said = ran("grow-homes", "local", "--project", project_of(tmp_path)).output
    assert "Nothing was changed" in said
    assert patched(tools) == []


def test_only_smaller_homes_grow(tools: Path, tmp_path: Path) -> None:
    said = ran("grow-homes", "local", "--apply", "--project", project_of(tmp_path)).output
    assert [line.split()[0] for line in patched(tools)] == ["claim-small"]
    assert '"2Gi"' in patched(tools)[0]
    assert "is larger, and stays so" in said


def test_a_class_that_does_not_grow_is_said_and_left_alone(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("small", "1Gi", "stays"))
    said = ran("grow-homes", "local", "--apply", "--project", project_of(tmp_path), ends=1).output
    assert "the class stays does not let volumes grow" in said
    assert patched(tools) == []


def test_one_refusal_stops_no_other_home(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("refused", "1Gi"), claim("small", "1Gi"))
    done = ran("grow-homes", "local", "--apply", "--json", "--project", project_of(tmp_path), ends=1)
    homes = {one["owner"]: one for one in json.loads(done.output)["homes"]}
    assert homes["refused"]["what"] == "was refused"
    assert "storage" in homes["refused"]["why"]
    assert homes["small"]["what"] == "was told to grow"


def test_one_user_alone(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("ada", "1Gi"), claim("grace", "1Gi"))
    ran("grow-homes", "local", "--user", "grace", "--apply", "--project", project_of(tmp_path))
    assert [line.split()[0] for line in patched(tools)] == ["claim-grace"]


def test_a_claim_without_a_volume_waits_for_its_first_server(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("new", "1Gi", phase="Pending"))
    said = ran("grow-homes", "local", "--apply", "--project", project_of(tmp_path), ends=1).output
    assert "start its server once" in said
    assert patched(tools) == []
