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
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return (
            f"{self.path} [{self.rule}]: {self.what}\n"
            f"    What follows: {self.follows}\n"
            f"    What to do:   {self.remedy}"
        )


def report(findings: Sequence[Finding]) -> str:
    """Say all findings in one message."""
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    body = "\n".join(str(finding) for finding in findings)
    return f"The settings cannot be deployed: {count}. Nothing was changed.\n{body}"
