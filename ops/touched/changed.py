"""What git says that a change changed: names of files, of this project alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ops.ending import Cannot

# What GitLab gives for a revision that is none: the first pipeline of a branch has nothing before it.
_NOTHING = {"", "0" * 40, "0" * 64}
_BEFORE = ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_COMMIT_BEFORE_SHA")


def before(env: Mapping[str, str] = os.environ) -> str | None:
    """Give the revision that a pipeline compares with; None where there is none."""
    found = (env.get(name, "") for name in _BEFORE)
    return next((one for one in found if one not in _NOTHING), None)


def changed_since(revision: str, project: Path) -> list[str]:
    """Name each file that differs between a revision (where the branch left it) and HEAD.

    Both names of one that moved are there: it went from one place, and came to the other.
    """
    base = _git(project, "merge-base", "--", _commit(revision, project), "HEAD").strip()
    listed = _git(project, "diff", "--name-only", "--no-renames", "--relative", "-z", base, "HEAD", "--", ".")
    # A name that is no text stays one of its own, and can be printed.
    return sorted(name.encode("utf-8", "backslashreplace").decode() for name in listed.split("\0") if name)


def is_before(revision: str, project: Path) -> bool:
    """Tell whether HEAD goes on from a revision: after a forced push it does not."""
    done = _run(project, "merge-base", "--is-ancestor", "--end-of-options", revision, "HEAD")
    return done.returncode == 0


def _commit(revision: str, project: Path) -> str:
    # The word is no option, whatever it begins with.
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return _git(project, *words, fault=f"git knows no revision {revision!r} here.").strip()


def _git(project: Path, *words: str, fault: str = "git does not tell what changed.") -> str:
    done = _run(project, *words)
    if done.returncode:
        raise Cannot(
            f"{fault} {done.stderr.strip()}".rstrip() + "\n"
            "    What follows: which stacks are touched is not known.\n"
            "    What to do:   name a revision that `git rev-parse` knows and that this branch came from; "
            "in a shallow clone: git fetch --unshallow (GitLab: GIT_DEPTH: 0)."
        )
    return done.stdout


def _run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(project), *words]
    try:
        # Names of files are bytes: whatever they are, they come through.
        return subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", check=False)
    except FileNotFoundError as error:
        raise Cannot("git is not on PATH: install it, or name what changed by --file.") from error
