"""What may hold a correction of a requirement: a rule, a test, a question to the cluster, a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A check of the settings: the id that its finding bears (`shape` for the first pass), and bad inputs."""

    name: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        links = ", ".join(f"[{name}](../tests/bad/{name}.yaml)" for name in self.files)
        return f"rule {self.name}: {links}"


@dataclass(frozen=True)
class Test:
    """A test that would fail if it did not hold."""

    __test__ = False  # pytest collects what is called Test...

    file: str
    function: str

    def __str__(self) -> str:
        return f"test {self.file}::{self.function}"


@dataclass(frozen=True)
class InCluster:
    """What only a cluster can tell: to be asked before a deployment."""

    question: str

    def __str__(self) -> str:
        return f"to ask the cluster: {self.question}"


@dataclass(frozen=True)
class Page:
    """A page for people, where nothing in a program can hold it."""

    heading: str
    file: str = "corrections.md"

    def __str__(self) -> str:
        anchor = self.heading.lower().replace(" ", "-").replace(",", "").replace(":", "")
        return f"page [{self.heading}]({'' if self.file == 'corrections.md' else self.file}#{anchor})"


Held = Rule | Test | InCluster | Page


@dataclass(frozen=True)
class Correction:
    claim: str
    holds: str
    held: tuple[Held, ...]


def shape(*files: str) -> Rule:
    return Rule("shape", files)
