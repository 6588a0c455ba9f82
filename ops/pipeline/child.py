"""The child pipeline as GitLab reads it: jobs of each stack, what they wait for, who may run them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.pipeline.plan import Carried, Plan

Json = dict[str, Any]
IMAGE = "pulumi/pulumi:3.272.0"
_CHECK_IMAGE = "python:3.13-bookworm"
_SECTIONS = "preview"

# Of two pipelines that can run for a fork, one has the fork's project and one ours: in both these differ.
_OF_A_FORK = "$CI_MERGE_REQUEST_IID && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID"
_PROTECTED = '$CI_COMMIT_REF_PROTECTED == "true"'
_AFTER_MERGE = f"$CI_COMMIT_BRANCH && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && {_PROTECTED}"

_READY = "make venv"
# A file of shell lines (a variable of type File): how this place signs in to state, keys and cluster.
_LOGIN = 'if [ -n "${HUB_LOGIN:-}" ]; then . "$HUB_LOGIN"; fi'
_STATE = 'if [ -z "${PULUMI_BACKEND_URL:-}" ]; then exports=$(bin/ops env "$STACK"); eval "$exports"; fi'


def document(plan: Plan, env: Mapping[str, str]) -> Json:
    """Give the whole child pipeline. It has at least one job, without which GitLab takes it for an error."""
    jobs: Json = {}
    for one in plan.stacks:
        jobs |= _of_stack(one, plan, env)
    if plan.words or not plan.stacks:
        jobs["not previewed"] = _saying(plan)
    if not plan.stacks:
        jobs["comment"] = _comment_of_nothing(env)
    return {
        # A preview may be cut off at any point: it only reads, and takes no lock. A deployment never is.
        "workflow": {"auto_cancel": {"on_new_commit": "interruptible"}},
        "stages": ["preview", "comment", "deploy"],
        "variables": {
            "GIT_DEPTH": "0",
            "HUB_TRUSTED_IMAGE": env.get("HUB_TRUSTED_IMAGE") or IMAGE,
            "HUB_CHECK_IMAGE": env.get("HUB_CHECK_IMAGE") or _CHECK_IMAGE,
        },
        **jobs,
    }


def _of_stack(one: Carried, plan: Plan, env: Mapping[str, str]) -> Json:
    jobs = {
        f"preview {one.stack}": _preview(one, env, " --drift" if plan.drift else ""),
        f"comment {one.stack}": _comment(one, env),
    }
    if one.deploys:
        jobs[f"deploy {one.stack}"] = _deploy(one, env)
    return jobs


def _preview(one: Carried, env: Mapping[str, str], option: str) -> Json:
    section = f"{_SECTIONS}/{one.stack}.md"
    return {
        "stage": "preview",
        **_trusted(one, env),
        # `prepare`: no deployment is recorded, and the protected environment still says who may run it.
        "environment": {"name": f"preview/{one.stack}", "action": "prepare"},
        "interruptible": True,
        "rules": [
            {"if": _OF_A_FORK, "when": "never"},
            {"if": _PROTECTED},
            {"when": "manual", "allow_failure": False},
        ],
        "script": [f'bin/ops preview "$STACK" --output "{section}"{option}'],
        "artifacts": {
            "paths": [section],
            # GitLab takes letters, digits, dashes and spaces alone.
            "expose_as": f"Preview of {one.stack.replace('.', '-')}",
            "when": "always",
            "expire_in": "30 days",
        },
    }


def _comment(one: Carried, env: Mapping[str, str]) -> Json:
    needs = [{"job": f"preview {one.stack}", "artifacts": True}]
    return {**_commenting(env, f"{_SECTIONS}/{one.stack}.md"), "needs": needs}


def _comment_of_nothing(env: Mapping[str, str]) -> Json:
    """Take back what an earlier state of the merge request was told; where nothing was told, tell nothing."""
    job = _commenting(env, "none.md", "--only-there")
    return {**job, "script": ['echo "This change touches no stack." > none.md', *job["script"]]}


def _commenting(env: Mapping[str, str], file: str, option: str = "") -> Json:
    words = f'comment {option} "{file}"'.replace("  ", " ")
    return {
        "stage": "comment",
        "image": "$HUB_CHECK_IMAGE",
        **_tags(env, "HUB_RUNNER_TAG"),
        # Two stacks, or two pipelines, never write the one comment at the same time.
        "resource_group": "comment/$CI_MERGE_REQUEST_IID",
        "environment": {"name": "comment", "action": "access"},
        "interruptible": False,
        "rules": [{"if": _OF_A_FORK, "when": "never"}, {"if": "$CI_MERGE_REQUEST_IID", "when": "always"}],
        "before_script": [_READY],
        "script": [
            f'if [ -n "${{HUB_COMMENT_TOKEN:-}}" ]; then bin/ops {words}; else bin/ops {words} --dry-run; fi'
        ],
    }


def _deploy(one: Carried, env: Mapping[str, str]) -> Json:
    when: Json = {"when": "manual", "allow_failure": False} if one.asks else {"when": "on_success"}
    return {
        "stage": "deploy",
        **_trusted(one, env),
        "needs": [f"preview {one.stack}"],
        "environment": {"name": one.stack, "url": one.url},
        # It holds the lock of the stack's state: cut off, it leaves the lock and half a deployment.
        "interruptible": False,
        "rules": [{"if": _AFTER_MERGE, **when}],
        "script": ['pulumi up --yes --non-interactive --stack "$STACK"', 'bin/ops smoke "$STACK"'],
    }


def _trusted(one: Carried, env: Mapping[str, str]) -> Json:
    audience = env.get("HUB_ID_TOKEN_AUDIENCE")
    return {
        "image": "$HUB_TRUSTED_IMAGE",
        **_tags(env, "HUB_TRUSTED_RUNNER_TAG", "HUB_RUNNER_TAG"),
        **({"id_tokens": {"HUB_ID_TOKEN": {"aud": audience}}} if audience else {}),
        "resource_group": one.stack,
        "variables": {"STACK": one.stack},
        "before_script": [_READY, _LOGIN, _STATE],
    }


def _saying(plan: Plan) -> Json:
    words = plan.words or ("This change touches no stack.",)
    script = [f'echo "$WORDS_{number}"' for number in range(len(words))]
    return {
        "stage": "preview",
        "image": "$HUB_CHECK_IMAGE",
        # A dollar would begin a variable of GitLab's.
        "variables": {f"WORDS_{number}": text.replace("$", "$$") for number, text in enumerate(words)},
        "interruptible": True,
        "script": script,
    }


def _tags(env: Mapping[str, str], *names: str) -> Json:
    given = next((env[name] for name in names if env.get(name)), "")
    return {"tags": given.split()} if given else {}
