"""Which stacks a pipeline previews and deploys: those touched, as far as this GitLab carries them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ops.ending import Cannot
from ops.stack_files import names, settings_of
from ops.touched.changed import before, changed_since, is_before
from ops.touched.command import summary
from ops.touched.rules import NAME, Touched, everything, touched
from settings import Settings
from settings.delivery import GitLab
from settings.document import Refused
from settings.door import url


@dataclass(frozen=True, kw_only=True)
class Carried:
    """One stack that this pipeline has jobs for."""

    stack: str
    url: str = ""
    deploys: bool = False
    """Whether GitLab deploys it: another tool may, or a person."""
    asks: bool = True
    """Whether its deployment waits for a person."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the child pipeline is for."""

    stacks: tuple[Carried, ...]
    words: tuple[str, ...]
    """What there is to say about stacks that get no job."""
    drift: bool = False
    """Whether the cluster is asked for what others changed in it."""


def plan(since: str | None, patterns: Sequence[str], project: Path, env: Mapping[str, str]) -> Plan:
    """Choose: what is touched, or everything where nothing says since when."""
    found = _touched(since, project, env)
    mine = [name for name in found.names if any(fnmatchcase(name, one) for one in patterns)]
    for name in mine:
        _refuse_strange(name)
    when = occasion(env)
    judged = [(name, _settings(name, project)) for name in mine]
    stacks = tuple(_carried(name, settings, when) for name, settings in judged if _runs(settings, when))
    left = [name for name in found.names if name not in {one.stack for one in stacks}]
    others = (
        [f"Touched, and not for this pipeline ({' '.join(patterns)}): {', '.join(left)}."] if left else []
    )
    return Plan(stacks=stacks, words=(*summary(found), *others), drift=when == "schedule")


def occasion(env: Mapping[str, str]) -> str:
    """Say what a pipeline runs for, as `delivery.runsOn` calls it."""
    if env.get("CI_MERGE_REQUEST_IID"):
        return "mergeRequest"
    return "schedule" if env.get("CI_PIPELINE_SOURCE") == "schedule" else "main"


def _touched(since: str | None, project: Path, env: Mapping[str, str]) -> Touched:
    revision = since or before(env)
    # Started by hand or by a schedule, or after a forced push: nobody knows what is deployed.
    if revision is None or _left_behind(revision, project, env, said=since is not None):
        return everything(names(project))
    return touched(changed_since(revision, project), names(project))


def _left_behind(revision: str, project: Path, env: Mapping[str, str], *, said: bool) -> bool:
    return not (said or env.get("CI_MERGE_REQUEST_IID") or is_before(revision, project))


def _settings(stack: str, project: Path) -> Settings | None:
    """Give the settings; None where they cannot be read, which the preview says better."""
    try:
        return settings_of(stack, project)
    except (Cannot, Refused):
        return None


def _runs(settings: Settings | None, when: str) -> bool:
    delivery = settings.delivery if settings else None
    return not isinstance(delivery, GitLab) or when in delivery.runs_on


def _carried(stack: str, settings: Settings | None, when: str) -> Carried:
    if settings is None:
        return Carried(stack=stack)
    delivery = settings.delivery
    by_us = isinstance(delivery, GitLab) and when == "main"
    asks = not (isinstance(delivery, GitLab) and delivery.approval == "none")
    return Carried(stack=stack, url=url(settings.ingress, settings.tls), deploys=by_us, asks=asks)


def _refuse_strange(stack: str) -> None:
    # The name becomes part of a file that a machine with credentials runs.
    if not NAME.fullmatch(stack):
        raise Cannot(
            f"{stack!r} is no name of a stack.\n"
            "    What follows: no job is written for it, nor for any other stack.\n"
            "    What to do:   rename its file: letters, digits, `-`, `_` and `.`, a letter or digit first."
        )
