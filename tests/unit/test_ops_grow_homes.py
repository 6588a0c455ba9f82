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
elif "exec" in words:
    users = pathlib.Path(__file__).parent / "users"
    if not users.exists():
        sys.exit('Error from server (Forbidden): pods "hub" is forbidden: cannot create resource "pods/exec"')
    told = {"users": json.loads(users.read_text()), "homes": [], "claims": True, "acts": True}
    print("a word of the hub's own\\n" + json.dumps(told))
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


GPU, USERS = "2b3c4d5e-6f70-4819-8a21-b2c3d4e5f607", "1a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6"


def with_users(tools: Path, **groups: list[str]) -> None:
    """The hub's users, and what it calls their groups."""
    (tools / "users").write_text(
        json.dumps([{"name": name, "groups": theirs} for name, theirs in groups.items()])
    )


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


@pytest.mark.parametrize(
    ("status", "what"),
    [
        ({"capacity": {"storage": "1Gi"}}, "was told to grow, and has not yet"),
        (
            {"capacity": {"storage": "1Gi"}, "conditions": [{"type": "FileSystemResizePending"}]},
            "grows at the next start of its server",
        ),
        ({"capacity": {"storage": "2Gi"}}, "has its size"),
        ({"capacity": {"storage": "4Gi"}}, "has its size"),
    ],
)
def test_a_home_has_its_size_when_its_volume_has_it(
    tools: Path, tmp_path: Path, status: dict[str, object], what: str
) -> None:
    with_claims(tools, {**claim("ada", "2Gi"), "status": {"phase": "Bound", **status}})
    done = ran("grow-homes", "local", "--json", "--project", project_of(tmp_path))
    assert [one["what"] for one in json.loads(done.output)["homes"]] == [what]


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


def test_members_of_a_group_have_the_size_of_its_row(tools: Path, tmp_path: Path) -> None:
    """By the provider's names, which are all that the hub has: 100Gi for the group gpu, 50Gi for others."""
    with_claims(tools, claim("ada", "50Gi"), claim("ada--two", "50Gi"), claim("grace", "50Gi"))
    with_users(tools, ada=[USERS, GPU], **{"ada--two": [GPU]}, grace=[USERS])
    project = project_of(tmp_path, "aiv-prod")
    done = ran("grow-homes", "aiv-prod", "--apply", "--json", "--project", project)
    homes = {one["owner"]: (one["what"], one["wanted"]) for one in json.loads(done.output)["homes"]}
    assert homes["ada"] == homes["ada--two"] == ("was told to grow", "100Gi")
    assert homes["grace"] == ("has its size", "50Gi")
    assert all('"100Gi"' in line for line in patched(tools))
    assert len(patched(tools)) == 2


def test_people_whom_the_hub_does_not_know_are_named(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("left", "10Gi"), claim("grace", "50Gi"))
    with_users(tools, grace=[USERS])
    said = ran("grow-homes", "aiv-prod", "--project", project_of(tmp_path, "aiv-prod")).output
    assert "The hub does not know left." in said
    assert "grace." not in said
    found = ran("grow-homes", "aiv-prod", "--json", "--project", project_of(tmp_path, "aiv-prod")).output
    homes = {one["owner"]: one for one in json.loads(found)["homes"]}
    assert not homes["left"]["known"]
    assert homes["left"]["wanted"] == "50Gi"
    assert homes["grace"]["known"]


def test_a_hub_that_cannot_be_asked_grows_nobody_by_guess(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("ada", "10Gi"))
    project = project_of(tmp_path, "aiv-prod")
    said = ran("grow-homes", "aiv-prod", "--apply", "--project", project, ends=2).output
    assert "pods/exec" in said
    assert "--everyones" in said
    assert patched(tools) == []
    ran("grow-homes", "aiv-prod", "--everyones", "--apply", "--project", project)
    assert '"50Gi"' in patched(tools)[0]


def test_groups_that_the_settings_name_need_no_hub(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("tester-1", "10Gi"), claim("tester-2", "10Gi"))
    large = {"auth": {"groups": {"large": ["tester-1"]}}, "capabilities": {"large": {"home": "20Gi"}}}
    project = project_of(tmp_path, "iav-test", large)
    done = ran("grow-homes", "iav-test", "--json", "--project", project)
    homes = {one["owner"]: one["what"] for one in json.loads(done.output)["homes"]}
    assert homes == {"tester-1": "grows", "tester-2": "has its size"}


def test_the_row_of_everyone_is_everyones_size(tools: Path, tmp_path: Path) -> None:
    with_claims(tools, claim("ada", "10Gi"))
    project = project_of(tmp_path, "lab", {"capabilities": {"everyone": {"home": "20Gi"}}})
    done = ran("grow-homes", "lab", "--json", "--project", project)
    assert [one["wanted"] for one in json.loads(done.output)["homes"]] == ["20Gi"]
