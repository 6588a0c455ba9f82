"""The pipeline of a merge request, run on this machine up to the comment's text; nothing secret is in it.

The jobs' own lines are run, as a runner's shell would. Where gitlab-ci-local is on PATH, with the rsync that
it needs, it runs the whole pipeline as well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.paths import CHECKOUT
from tests.e2e.hub import Hub
from tests.unit.gitlab_rules import when

pytestmark = pytest.mark.node

Json = dict[str, Any]
_WHO = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
_SHORTEST = 8


@dataclass(frozen=True)
class Runner:
    """A runner with a shell, in a clone of its own with one commit that changes `local`."""

    place: Path
    env: dict[str, str]

    def run(self, job: Json, default: Json) -> str:
        """Run a job as GitLab's runner does: all its lines in one shell that ends at the first failure."""
        before: list[str] = {**default, **job}.get("before_script") or []
        lines = [*before, *job["script"]]
        env = {**self.env, **{name: str(value) for name, value in job.get("variables", {}).items()}}
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
            cwd=self.place,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def read(self, name: str) -> Json:
        found: Json = yaml.safe_load((self.place / name).read_text())
        return found


@pytest.fixture
def runner(hub: Hub, tmp_path: Path) -> Runner:
    project = tmp_path / "project"
    git(tmp_path, "clone", "--quiet", "--shared", str(CHECKOUT), str(project))
    for name in (".venv", ".charts"):
        (project / name).symlink_to(CHECKOUT / name)
    base = git(project, "rev-parse", "HEAD")
    with (project / "Pulumi.local.yaml").open("a") as file:
        file.write("# A change of this stack alone.\n")
    git(project, *_WHO, "commit", "--quiet", "--all", "--message", "A change")
    git(project, "remote", "set-url", "origin", "git@gitlab.example.org:group/hub.git")
    return Runner(project, {**hub.engine.env, **variables(base), "HUB_LOGIN": str(login(hub, tmp_path))})


def git(place: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=place, capture_output=True, text=True, check=True
    ).stdout.strip()


def variables(base: str) -> dict[str, str]:
    return {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_COMMIT_REF_PROTECTED": "true",
        "HUB_STACKS": "*",
        "HUB_COMMENT_TOKEN": "",
    }


def login(hub: Hub, folder: Path) -> Path:
    """Write what a place does to sign in: here, a pulumi that knows this node's settings, two of them new."""
    whole = yaml.safe_load(hub.engine.config_file.read_text())
    settings = whole["config"]["jupyterhub:settings"]
    settings["hub"]["resources"]["limits"]["memory"] = "1536Mi"
    settings["storage"]["shared"]["storageClass"] = "another"
    changed = folder / "Pulumi.local.yaml"
    changed.write_text(yaml.safe_dump(whole))
    pulumi = folder / "bin" / "pulumi"
    pulumi.parent.mkdir()
    real = shutil.which("pulumi", path=hub.engine.env["PATH"])
    pulumi.write_text(f'#!/bin/sh\nexec {real} "$@" --config-file {changed}\n')
    pulumi.chmod(0o755)
    lines = folder / "login.sh"
    lines.write_text(f'export PATH="{pulumi.parent}:$PATH"\n')
    return lines


def secrets_of(hub: Hub) -> set[str]:
    """Collect the stack's secrets by their values: what it generated, and what its configuration holds."""
    state = json.loads(hub.engine.read("stack", "export", "--show-secrets"))
    config = json.loads(hub.engine.read("config", "--show-secrets", "--json"))
    made = [one for one in state["deployment"]["resources"] if one["type"].startswith("random:")]
    given = {str(one["value"]) for one in config.values() if one["secret"]}
    return {line for text in _opened(made) | given for line in text.splitlines() if len(line) >= _SHORTEST}


def _opened(tree: object) -> set[str]:
    if isinstance(tree, list):
        return {text for below in tree for text in _opened(below)}
    if not isinstance(tree, dict):
        return set()
    if "plaintext" in tree:
        return _texts(json.loads(tree["plaintext"]))
    return {text for below in tree.values() for text in _opened(below)}


def _texts(tree: object) -> set[str]:
    if isinstance(tree, dict | list):
        return {
            text for below in (tree.values() if isinstance(tree, dict) else tree) for text in _texts(below)
        }
    return {str(tree)} if isinstance(tree, str) else set()


def judged(comment: str, hub: Hub) -> None:
    assert "### `local`: " in comment
    assert "values.hub.resources.limits.memory" in comment
    assert "**Replaces or deletes a volume claim" in comment
    assert "**Restarts the hub" in comment
    assert "Restarts the proxy" not in comment
    secrets = secrets_of(hub)
    assert len(secrets) > 3
    assert [text for text in secrets if text in comment] == []


def test_the_jobs_of_a_merge_request_lead_to_the_comment_s_text(runner: Runner, hub: Hub) -> None:
    parent = runner.read(".gitlab-ci.yml")
    findings = runner.run(parent["findings"], parent["default"])
    assert "0 errors" in findings
    assert isinstance(json.loads((runner.place / "codequality.json").read_text()), list)
    runner.run(parent["selection"], parent["default"])
    child = runner.read("stacks.yml")
    jobs = {name: job for name, job in child.items() if isinstance(job, dict) and "script" in job}
    assert set(jobs) == {"preview local", "comment local"}
    assert all(when(job, runner.env) != "manual" for job in jobs.values())
    runner.run(jobs["preview local"], {})
    judged(runner.run(jobs["comment local"], {}), hub)


def test_gitlab_ci_local_runs_the_pipeline(runner: Runner, hub: Hub) -> None:
    for tool in ("gitlab-ci-local", "rsync"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not on PATH (npm install --global gitlab-ci-local, of Node.js 22)")
    whole = runner.read(".gitlab-ci.yml")
    # They are run by whoever runs this.
    whole["tests"]["script"] = ["true"]
    (runner.place / ".gitlab-ci.yml").write_text(yaml.safe_dump(whole, sort_keys=False))
    given = {name: value for name, value in runner.env.items() if name.startswith(("CI_", "HUB_")) and value}
    (runner.place / ".gitlab-ci-local-variables.yml").write_text(yaml.safe_dump(given))
    env = {**os.environ, **runner.env, "NO_COLOR": "1", "HOME": str(runner.place.parent)}
    done = subprocess.run(
        ["gitlab-ci-local", "--force-shell-executor"],
        cwd=runner.place,
        env={**env, "PATH": f"{runner.env['PATH']}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "comment local" in said
    judged(said, hub)
