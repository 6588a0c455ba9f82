"""`ops touched`: a stack's file touches that stack; shared code, and what nobody knows, touches all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.touched.rules import HARMLESS, touched
from tests.unit.documents import PROJECT, STACKS
from tests.unit.ops_runs import ran
from tests.unit.scratch_git import Scratch, scratch

FILES = ("Pulumi.aiv-prod.yaml", "Pulumi.lab.yaml", "Pulumi.local.yaml", "settings/auth.py", "docs/tls.md")
ALL = ["aiv-prod", "lab", "local"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    made = scratch(tmp_path / "project", monkeypatch)
    made.commit(*FILES)
    return made


def selected(repository: Scratch, *words: str) -> list[str]:
    since = words or ("--since", "HEAD~1")
    return ran("touched", *since, "--names", "--project", repository.place).stdout.split()


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        (["Pulumi.lab.yaml"], ["lab"]),
        (["Pulumi.lab.yaml", "docs/tls.md", "README.md", "tests/unit/test_x.py"], ["lab"]),
        (["Pulumi.lab.yaml", "Pulumi.aiv-prod.yaml"], ["aiv-prod", "lab"]),
        (["Pulumi.lab.yaml", "settings/auth.py"], ALL),
        (["docs/decisions/one.md", "CONTRIBUTING.md"], []),
        (["embedded/up.py", "images/hub/Dockerfile", "schemas/settings.schema.json"], []),
        ([".gitignore"], []),
        *(
            ([shared], ALL)
            for shared in (
                "settings/auth.py",
                "chart/values.py",
                "components/hub.py",
                "deployment/compose.py",
                "files/hub/sign_in.py",
                "files/hub/page.md",
                "observability/alerts.py",
                "ops/preview/risks.py",
                "__main__.py",
                "Pulumi.yaml",
                "pyproject.toml",
                "requirements/program.txt",
                ".gitlab-ci.yml",
                ".gitlab/runner-tag.yml",
                "Makefile",
                "bin/ops",
                "embedded/bootstrap",
                "charts/jupyterhub-4.4.1.tgz",
                "nobody-knows-what",
                ".gitignore-of-mine",
                "docs-of-mine/page",
                "Pulumi..yaml",
                "old/Pulumi.lab.yaml",
            )
        ),
    ],
    ids="+".join,
)
def test_a_change_selects(repository: Scratch, changed: list[str], wanted: list[str]) -> None:
    repository.commit(*changed)
    assert selected(repository) == wanted


def test_a_new_stack_is_selected_alone(repository: Scratch) -> None:
    repository.commit("Pulumi.demo.yaml")
    assert selected(repository) == ["demo"]


def test_a_stack_whose_file_is_gone_is_said_and_not_selected(repository: Scratch) -> None:
    repository.commit("Pulumi.local.yaml", gone=("Pulumi.lab.yaml",))
    told = ran("touched", "--since", "HEAD~1", "--project", repository.place).stdout
    assert "The file of lab is gone" in told
    assert "pulumi destroy --stack lab" in told
    found = json.loads(ran("touched", "--since", "HEAD~1", "--json", "--project", repository.place).stdout)
    assert [one["stack"] for one in found["stacks"]] == ["local"]
    assert found["gone"] == ["lab"]


def test_a_file_that_moved_counts_at_both_places(repository: Scratch) -> None:
    repository.git("mv", "settings/auth.py", "docs/auth.md")
    repository.commit()
    assert selected(repository) == ALL


def test_what_the_main_branch_got_meanwhile_is_not_the_change_s(repository: Scratch) -> None:
    repository.git("switch", "--quiet", "--create", "change")
    repository.commit("Pulumi.lab.yaml")
    repository.git("switch", "--quiet", "main")
    repository.commit("settings/auth.py")
    repository.git("switch", "--quiet", "change")
    assert selected(repository, "--since", "main") == ["lab"]


def test_a_change_and_its_opposite_are_none(repository: Scratch) -> None:
    repository.commit("settings/new.py")
    repository.commit(gone=("settings/new.py",))
    told = ran("touched", "--since", "HEAD~2", "--project", repository.place).stdout
    assert told == "0 files changed, and no stack is touched.\n"


def test_a_project_below_the_top_of_its_repository(repository: Scratch) -> None:
    below = repository.place / "hub"
    repository.commit("hub/Pulumi.demo.yaml", "hub/Pulumi.other.yaml", "hub/settings/auth.py")
    repository.commit("settings/auth.py", "hub/Pulumi.demo.yaml")
    assert ran("touched", "--since", "HEAD~1", "--names", "--project", below).stdout.split() == ["demo"]


def test_the_revision_comes_from_the_pipeline(repository: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit("Pulumi.lab.yaml")
    second = repository.commit("Pulumi.local.yaml")
    monkeypatch.setenv("CI_COMMIT_BEFORE_SHA", "0" * 40)
    assert "no revision to compare with" in ran("touched", "--project", repository.place, ends=2).stderr
    monkeypatch.setenv("CI_COMMIT_BEFORE_SHA", f"{second}~1")
    assert selected(repository, "--project", str(repository.place)) == ["local"]
    monkeypatch.setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", first)
    assert selected(repository, "--project", str(repository.place)) == ["lab", "local"]


@pytest.mark.parametrize("revision", ["nowhere", "--output=written", "", "HEAD --"])
def test_what_is_no_revision_is_refused_in_words(repository: Scratch, revision: str) -> None:
    refused = ran("touched", f"--since={revision}", "--project", repository.place, ends=2)
    assert "What to do:" in refused.stderr
    assert not (repository.place / "written").exists()


def test_a_folder_that_is_no_repository_is_refused_in_words(tmp_path: Path) -> None:
    assert "git knows no revision" in ran("touched", "--since", "main", "--project", tmp_path, ends=2).stderr


def test_a_name_that_is_no_text_selects_all(repository: Scratch) -> None:
    (repository.place / os.fsdecode(b"\xff.yaml")).touch()
    repository.commit()
    assert selected(repository) == ALL
    ran("touched", "--since", "HEAD~1", "--json", "--project", repository.place)


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="what is committed is not known in a copy")
def test_every_part_of_the_project_is_known_to_touch_all_or_none() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True)
    parts = {name.partition("/")[0] + ("/" if "/" in name else "") for name in listed.stdout.splitlines()}
    none = {part for part in parts if not touched([part], ["one"]).names}
    own = {f"Pulumi.{stack}.yaml" for stack in STACKS}
    assert none - own == {
        *HARMLESS,
        ".gitignore",
        ".pre-commit-config.yaml",
        "CONTRIBUTING.md",
        "README.md",
    }


def test_what_touches_none_is_read_by_no_deployment(tmp_path: Path) -> None:
    """The manifests of a stack are the same, to the byte, where all of it is missing."""
    bare = tmp_path / "bare"
    left = {name.strip("/") for name in HARMLESS}
    shutil.copytree(
        PROJECT,
        bare,
        ignore=lambda folder, names: (
            [name for name in names if name in left or name.startswith(".")]
            if Path(folder) == PROJECT
            else []
        ),
    )
    assert not (bare / "docs").exists()
    assert manifests(bare) == manifests(PROJECT)


def manifests(project: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ops", "manifests", "aiv-prod", "--release", "values"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
