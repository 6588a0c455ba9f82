"""A project in a repository of its own, which tests change and commit."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_WHO = ("-c", "user.name=A Person", "-c", "user.email=person@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Scratch:
    place: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *_WHO, *words], cwd=self.place, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, *changed: str, gone: tuple[str, ...] = ()) -> str:
        """Change files (each line of theirs is new), remove others, and commit; give the revision."""
        for name in changed:
            place = self.place / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("a") as file:
                file.write(f"{name}\n")
        for name in gone:
            (self.place / name).unlink()
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--message", "A change")
        return self.git("rev-parse", "HEAD")


def forget_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take nothing from the pipeline in which the tests themselves may run."""
    for name in [name for name in os.environ if name.startswith(("CI_", "HUB_"))]:
        monkeypatch.delenv(name)


def scratch(place: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """Begin a repository with nothing of whoever runs the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    forget_pipeline(monkeypatch)
    place.mkdir(exist_ok=True)
    made = Scratch(place)
    made.git("init", "--quiet", "--initial-branch", "main")
    return made
