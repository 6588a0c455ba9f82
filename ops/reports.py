"""Findings as programs read them: our own JSON, GitLab's code quality, SARIF 2.1.0."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ops.judged import Judged, Located, counted
from settings.finding import Finding

Json = dict[str, Any]
_GITLAB = {"error": "critical", "warning": "minor", "note": "info"}


def own(stacks: list[Judged], project: Path) -> Json:
    """Give everything that is known, stack by stack."""
    return {
        "counts": counted(stacks),
        "stacks": [
            {
                "stack": one.stack,
                "file": shown(one.place, project),
                "chartNotAtHand": one.chart_missing or None,
                "findings": [_own(located) for located in one.found],
            }
            for one in stacks
        ],
    }


def _own(located: Located) -> Json:
    finding = located.finding
    return {
        "severity": finding.severity,
        "rule": finding.rule,
        "path": finding.path,
        "line": located.at.line,
        "column": located.at.column,
        "what": finding.what,
        "follows": finding.follows,
        "remedy": finding.remedy,
    }


def code_quality(stacks: list[Judged], project: Path) -> list[Json]:
    """Give the report that a merge request of GitLab shows beside the changed lines."""
    return [
        {
            "description": _sentence(located.finding),
            "check_name": located.finding.rule,
            "fingerprint": _fingerprint(located.finding, shown(stack.place, project)),
            "severity": _GITLAB[located.finding.severity],
            "location": {"path": shown(stack.place, project), "lines": {"begin": located.at.line}},
        }
        for stack in stacks
        for located in stack.found
    ]


def sarif(stacks: list[Judged], project: Path) -> Json:
    """Give a log of SARIF 2.1.0 with one run."""
    rules = sorted({located.finding.rule for stack in stacks for located in stack.found})
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "ops check", "rules": [{"id": rule} for rule in rules]}},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {"level": "note", "message": {"text": words}} for words in missing(stacks)
                        ],
                    }
                ],
                "results": [
                    _result(located, shown(stack.place, project), rules)
                    for stack in stacks
                    for located in stack.found
                ],
            }
        ],
    }


def _result(located: Located, file: str, rules: list[str]) -> Json:
    finding, at = located.finding, located.at
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.severity,
        "message": {"text": _sentence(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": file},
                    "region": {"startLine": at.line, "startColumn": at.column},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.path}],
            }
        ],
        "partialFingerprints": {"finding/v1": _fingerprint(finding, file)},
    }


def shown(place: Path, project: Path) -> str:
    """Give a file's name as a repository knows it: relative to the project, where it lies in it."""
    whole, root = place.resolve(), project.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else place.as_posix()


def missing(stacks: list[Judged]) -> list[str]:
    """Say what was left out for want of a chart, and how to have it."""
    wanted = sorted({stack.chart_missing for stack in stacks} - {""})
    return [
        f"The chart {chart} is not at hand (for {_stacks_of(chart, stacks)}): values were held against the "
        "hub's packages, and not against the chart's schema and images. With --chart it is fetched first."
        for chart in wanted
    ]


def _stacks_of(chart: str, stacks: list[Judged]) -> str:
    return ", ".join(stack.stack for stack in stacks if stack.chart_missing == chart)


def _sentence(finding: Finding) -> str:
    return f"{finding.path}: {finding.what} What follows: {finding.follows} What to do: {finding.remedy}"


def _fingerprint(finding: Finding, file: str) -> str:
    """Name a finding the same wherever its line moves to."""
    parts = (file, finding.rule, finding.path, finding.what)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
