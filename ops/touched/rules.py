"""Which stacks a changed file touches: one, none, or, for whatever is not known to be harmless, all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What no deployment reads. A test makes the manifests of every stack without all of it, and gets the same.
HARMLESS = (
    "docs/",
    "tests/",
    "images/",
    "schemas/",
    "embedded/",
    ".ci/",
)
_HARMLESS_FILES = (".gitignore", ".pre-commit-config.yaml")
# Makes .venv, from which program and pipeline run.
_NOT_HARMLESS = ("embedded/bootstrap",)
_PAGE = re.compile(r"[^/]+\.md")
_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>.+)\.yaml")
# Pulumi's own rule. What is called otherwise reaches no file that a pipeline runs.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Touched:
    """Which stacks a change touches, and by which files."""

    stacks: tuple[tuple[str, tuple[str, ...]], ...]
    """Each stack with its reasons: its own file, or those that touch all."""
    gone: tuple[str, ...]
    """Stacks whose file the change took away."""
    shared: tuple[str, ...]
    """Changed files that touch every stack."""
    changed: int
    """So many files changed."""

    @property
    def names(self) -> tuple[str, ...]:
        """The stacks alone."""
        return tuple(name for name, _ in self.stacks)


def touched(changed: Sequence[str], stacks: Iterable[str]) -> Touched:
    """Judge a change by the names of its files."""
    there = sorted(stacks)
    shared = tuple(name for name in changed if _touches_all(name))
    own = {stack: name for name in changed if (stack := stack_of(name))}
    return Touched(
        stacks=tuple(
            (stack, (*([own[stack]] if stack in own else []), *shared))
            for stack in there
            if stack in own or shared
        ),
        gone=tuple(sorted(own.keys() - {*there})),
        shared=shared,
        changed=len(changed),
    )


def everything(stacks: Iterable[str]) -> Touched:
    """Touch every stack, where nobody knows what changed."""
    return touched(["(everything)"], stacks)


def stack_of(name: str) -> str | None:
    """Give the stack that a file belongs to."""
    found = _STACK_FILE.fullmatch(name)
    return found["stack"] if found and NAME.fullmatch(found["stack"]) else None


def _touches_all(name: str) -> bool:
    if name in _NOT_HARMLESS:
        return True
    harmless = name.startswith(HARMLESS) or name in _HARMLESS_FILES or _PAGE.fullmatch(name)
    return not (harmless or stack_of(name))
