"""GitLab's pipeline and the child that `ops pipeline` writes: valid, and no credential without trust."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.touched.rules import NAME
from settings.delivery import GitLab
from tests.unit.documents import PROJECT, STACKS, settings_of, stack_file
from tests.unit.gitlab_rules import when
from tests.unit.ops_runs import ran
from tests.unit.scratch_git import Scratch, scratch

Json = dict[str, Any]
WORDS = {"workflow", "stages", "variables", "default", "include"}
OURS = {
    "CI_MERGE_REQUEST_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_IID": "7",
}
FORK = OURS | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}
PROTECTED = {"CI_COMMIT_REF_PROTECTED": "true"}
MERGED = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """The committed stacks in a repository of their own, with one more commit, which touches all."""
    made = scratch(tmp_path / "project", monkeypatch)
    for stack in STACKS:
        (made.place / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(stack_file(stack)))
    made.commit("settings/auth.py")
    made.commit("settings/auth.py")
    return made


def child(project: Scratch, *words: str) -> Json:
    since = words or ("--since", "HEAD~1")
    made: Json = yaml.safe_load(ran("pipeline", *since, "--project", project.place).stdout)
    return made


def jobs(pipeline: Json) -> dict[str, Json]:
    return {name: job for name, job in pipeline.items() if name not in WORDS and not name.startswith(".")}


def parent() -> Json:
    made: Json = yaml.safe_load((PROJECT / ".gitlab-ci.yml").read_text())
    return made


def judged(place: Path) -> subprocess.CompletedProcess[str]:
    """Hold a file against the schema that GitLab publishes, as check-jsonschema has it."""
    program = Path(sys.executable).parent / "check-jsonschema"
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    return subprocess.run([program, *schema, place], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", [".gitlab-ci.yml", ".gitlab/runner-tag.yml"])
def test_the_pipeline_is_valid_by_gitlab_s_schema(file: str) -> None:
    done = judged(PROJECT / file)
    assert done.returncode == 0, done.stdout


def test_the_child_pipeline_is_valid_by_gitlab_s_schema(
    project: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_ID_TOKEN_AUDIENCE", "https://vault.example.org")
    monkeypatch.setenv("HUB_TRUSTED_RUNNER_TAG", "trusted closed")
    for since in ("HEAD~1", "HEAD"):
        place = tmp_path / f"{since}.yml"
        ran("pipeline", "--since", since, "--output", place, "--project", project.place)
        assert judged(place).returncode == 0, place.read_text()
    preview = child(project)["preview lab"]
    assert preview["tags"] == ["trusted", "closed"]
    assert preview["id_tokens"] == {"HUB_ID_TOKEN": {"aud": "https://vault.example.org"}}
    broken = yaml.safe_load(place.read_text())
    broken["comment"]["interruptible"] = "perhaps"
    place.write_text(yaml.safe_dump(broken))
    assert judged(place).returncode != 0


def test_every_touched_stack_has_its_jobs_and_no_other(project: Scratch) -> None:
    found = jobs(child(project))
    by_gitlab = {stack for stack in STACKS if isinstance(settings_of(stack).delivery, GitLab)}
    assert by_gitlab
    assert set(found) == {
        *(f"{what} {stack}" for what in ("preview", "comment") for stack in STACKS),
        *(f"deploy {stack}" for stack in by_gitlab),
    }
    project.commit("Pulumi.lab.yaml")
    assert set(jobs(child(project))) == {"preview lab", "comment lab"}


@pytest.mark.parametrize("stack", STACKS)
def test_one_group_for_all_that_touches_a_stack(project: Scratch, stack: str) -> None:
    found = jobs(child(project))
    groups = {name: job["resource_group"] for name, job in found.items() if name.endswith(f" {stack}")}
    assert groups.pop(f"comment {stack}") == "comment/$CI_MERGE_REQUEST_IID"
    assert set(groups.values()) == {stack}
    assert groups.keys() >= {f"preview {stack}"}


def test_no_job_with_credentials_is_made_for_a_fork() -> None:
    trigger = parent()["stacks"]
    for variables in (FORK, FORK | PROTECTED):
        assert when(trigger, variables | {"HUB_STACKS": "*"}) == "never"
    assert when(trigger, OURS | {"HUB_STACKS": "*"}) == "on_success"
    assert when(trigger, MERGED | {"HUB_STACKS": "*"}) == "on_success"
    assert when(trigger, OURS) == "never"


def test_a_preview_waits_for_a_person_unless_its_branch_is_protected(project: Scratch) -> None:
    preview = child(project)["preview aiv-prod"]
    assert when(preview, OURS) == "manual"
    assert when(preview, OURS | {"CI_COMMIT_REF_PROTECTED": "false"}) == "manual"
    assert when(preview, OURS | PROTECTED) == "on_success"
    assert when(preview, MERGED | PROTECTED) == "on_success"
    assert when(preview, FORK | PROTECTED) == "never"
    # Without it the comment would be written before anybody let the preview run.
    assert preview["rules"][-1] == {"when": "manual", "allow_failure": False}
    assert preview["environment"] == {"name": "preview/aiv-prod", "action": "prepare"}


def test_a_comment_is_written_for_merge_requests_alone_and_after_a_failure_too(project: Scratch) -> None:
    comment = child(project)["comment lab"]
    assert when(comment, OURS) == "always"
    assert when(comment, FORK) == "never"
    assert when(comment, MERGED | PROTECTED) == "never"
    assert comment["needs"] == [{"job": "preview lab", "artifacts": True}]


def test_a_deployment_comes_after_the_merge_and_as_the_settings_say(project: Scratch) -> None:
    made = child(project)
    for stack, wanted in (("aiv-prod", "manual"), ("aiv-staging", "on_success")):
        job = made[f"deploy {stack}"]
        assert when(job, MERGED | PROTECTED) == wanted
        assert when(job, MERGED) == when(job, OURS | PROTECTED) == when(job, FORK | PROTECTED) == "never"
        assert job["environment"]["name"] == stack
        assert job["needs"] == [f"preview {stack}"]
        assert any(line.startswith("pulumi up") for line in job["script"])


def test_nothing_that_holds_a_lock_is_interrupted(project: Scratch) -> None:
    made = child(project)
    for pipeline in (made, parent()):
        assert pipeline["workflow"]["auto_cancel"]["on_new_commit"] == "interruptible"
    for name, job in jobs(made).items():
        changes = any("pulumi up" in line or "ops comment" in line for line in job["script"])
        assert job["interruptible"] is not changes, name
    assert parent()["stacks"]["interruptible"] is False


def test_what_holds_no_credentials_names_no_environment_and_no_secret() -> None:
    for name, job in jobs(parent()).items():
        assert "environment" not in job, name
        assert "id_tokens" not in job, name
        text = json.dumps(job)
        for word in ("PASSPHRASE", "KUBECONFIG", "TOKEN", "pulumi "):
            assert word not in text, f"{name}: {word}"


def test_no_job_with_credentials_reads_a_cache(project: Scratch) -> None:
    made = child(project)
    assert "cache" not in made.get("default", {})
    assert all("cache" not in job for job in jobs(made).values())
    assert "cache" not in parent()["default"]
    assert "cache" not in parent()["stacks"]


def test_no_registry_and_no_host_is_written_down(project: Scratch) -> None:
    for pipeline in (parent(), child(project)):
        for name, value in pipeline["variables"].items():
            host = str(value).partition("/")[0]
            assert not name.endswith("IMAGE") or "." not in host or ":" in host.partition(".")[0], value
        for job in jobs(pipeline).values():
            assert str(job.get("image", "$")).startswith("$")


def test_a_closed_network_names_its_own_images(project: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TRUSTED_IMAGE", "artifactory.aiv.internal/ml-platform/pulumi:1")
    monkeypatch.setenv("HUB_RUNNER_TAG", "aiv")
    made = child(project)
    assert made["variables"]["HUB_TRUSTED_IMAGE"] == "artifactory.aiv.internal/ml-platform/pulumi:1"
    assert made["preview lab"]["tags"] == made["comment lab"]["tags"] == ["aiv"]


def test_what_gitlab_shows_as_a_link_has_a_name_that_it_takes(project: Scratch) -> None:
    found = {**jobs(parent()), **jobs(child(project))}
    shown = [
        job["artifacts"]["expose_as"] for job in found.values() if "expose_as" in job.get("artifacts", {})
    ]
    assert len(shown) == 1 + len(STACKS)
    assert all(re.fullmatch(r"[A-Za-z0-9 _-]{1,100}", name) for name in shown)


def test_what_fails_its_tests_is_neither_previewed_nor_deployed() -> None:
    trigger = parent()["stacks"]
    assert "needs" not in trigger
    stages = parent()["stages"]
    assert stages.index(trigger["stage"]) > stages.index(parent()["tests"]["stage"])


def test_an_empty_selection_is_a_pipeline_that_says_so(project: Scratch) -> None:
    project.commit("docs/page.md")
    made = child(project)
    assert set(jobs(made)) == {"not previewed", "comment"}
    assert made["not previewed"]["variables"] == {"WORDS_0": "1 file changed, and no stack is touched."}
    # It takes back what an earlier commit of the merge request was told, and tells nothing new.
    assert all("--only-there" in line for line in made["comment"]["script"][1:])


def test_stacks_of_others_get_no_job_and_are_named(project: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_STACKS", "aiv-* local")
    done = ran("pipeline", "--since", "HEAD~1", "--project", project.place)
    made = yaml.safe_load(done.stdout)
    assert {name.split(" ", 1)[1] for name in jobs(made)} == {"aiv-prod", "aiv-staging", "local", "previewed"}
    assert "not for this pipeline (aiv-* local): carbon254, iav-test, lab." in done.stderr


def test_a_stack_that_went_is_said_in_a_job(project: Scratch) -> None:
    project.commit(gone=("Pulumi.lab.yaml",))
    made = child(project)
    assert "preview lab" not in made
    assert "The file of lab is gone" in json.dumps(made["not previewed"])


def test_without_a_revision_every_stack_has_its_jobs(
    project: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.commit("docs/page.md")
    everything = {f"preview {stack}" for stack in STACKS}
    assert everything <= set(jobs(child(project, "--stacks", "*")))
    monkeypatch.setenv("CI_COMMIT_BEFORE_SHA", project.git("rev-parse", "HEAD~1"))
    assert not everything & set(jobs(child(project, "--stacks", "*")))
    # After a forced push nobody knows what the branch had before and has no more.
    project.git("reset", "--quiet", "--hard", "HEAD~1")
    project.commit("docs/other.md")
    monkeypatch.setenv("CI_COMMIT_BEFORE_SHA", project.git("rev-parse", "ORIG_HEAD"))
    assert everything <= set(jobs(child(project, "--stacks", "*")))


def test_a_stack_that_is_not_previewed_in_merge_requests(
    project: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stack_file("aiv-prod")
    whole["config"]["jupyterhub:settings"]["delivery"]["runsOn"] = ["main"]
    (project.place / "Pulumi.aiv-prod.yaml").write_text(yaml.safe_dump(whole))
    project.commit()
    assert "preview aiv-prod" in child(project)
    monkeypatch.setenv("CI_MERGE_REQUEST_IID", "7")
    assert set(jobs(child(project))) == {"not previewed", "comment"}


def test_a_schedule_looks_for_drift_and_deploys_nothing(
    project: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PIPELINE_SOURCE", "schedule")
    made = jobs(child(project, "--stacks", "aiv-*"))
    assert set(made) >= {"preview aiv-prod", "preview aiv-staging"}
    assert all("--drift" in made[f"preview {stack}"]["script"][0] for stack in ("aiv-prod", "aiv-staging"))
    assert not any(name.startswith("deploy") for name in made)


def test_settings_that_nobody_can_read_are_previewed_all_the_same(project: Scratch) -> None:
    (project.place / "Pulumi.lab.yaml").write_text("config: [")
    project.commit()
    assert set(jobs(child(project))) == {"preview lab", "comment lab"}


@pytest.mark.parametrize("name", ["$(touch made)", "two words", "-x", 'quo"te', "new\nline", "a;b"])
def test_a_name_that_a_shell_would_read_gets_no_job(project: Scratch, name: str) -> None:
    (project.place / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    project.commit()
    refused = ran("pipeline", "--since", "HEAD~1", "--project", project.place, ends=2)
    assert refused.stdout == ""
    assert "is no name of a stack" in refused.stderr
    assert all(NAME.fullmatch(stack) for stack in STACKS)
