"""What a check says about a settings document: a finding, and how a list of them reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault: where, by which rule, what is wrong, what would follow, what to do."""

    path: str
    rule: str
    what: str
    follows: str
    remedy: str
    severity: Literal["error", "warning", "note"] = "error"
    """An error refuses; a warning stands in the preview; a note is for reviews: its reason is given."""

    def __str__(self) -> str:
        return (
            f"{self.path} [{self.rule}]: {self.what}\n"
            f"    What follows: {self.follows}\n"
            f"    What to do:   {self.remedy}"
        )


def report(findings: Sequence[Finding]) -> str:
    """Say all findings in one message: what stops the deployment first, then what is merely unwise."""
    errors = [finding for finding in findings if finding.severity == "error"]
    warnings = [finding for finding in findings if finding.severity == "warning"]
    lines = [f"The settings cannot be deployed: {_count(errors, 'finding')}. Nothing was changed."]
    lines += map(str, errors)
    if warnings:
        lines += [f"Beside that, {_count(warnings, 'warning')}:", *map(str, warnings)]
    return "\n".join(lines)


def _count(findings: Sequence[Finding], noun: str) -> str:
    return f"{len(findings)} {noun}" + ("" if len(findings) == 1 else "s")
