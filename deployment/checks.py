"""What is held against chart and hub before anything is registered."""

from __future__ import annotations

from pathlib import Path

import pulumi

from chart import checks, mirror, schema, source, traits
from chart.archive import Archive
from chart.merge import Values
from chart.values import build
from components import limits
from settings import Settings
from settings.finding import Finding, report


def checked_values(settings: Settings, project: Path) -> tuple[Values, Archive]:
    """Build the values and hold them against chart and hub; every finding comes at once."""
    try:
        archive = source.load(settings.chart, project)
    except source.Unusable as unusable:
        raise pulumi.RunError(report([unusable.finding])) from None
    values, found = judged(settings, archive)
    for one in found:
        if one.severity == "warning":
            pulumi.log.warn(str(one))
    if errors := [one for one in found if one.severity == "error"]:
        raise pulumi.RunError(report(errors))
    return values, archive


def judged(settings: Settings, archive: Archive | None) -> tuple[Values, list[Finding]]:
    """Build the values, and give what program, hub and, where it is at hand, chart say to them."""
    values = build(settings)
    of_chart = _of_chart(settings, values, archive) if archive else []
    return values, [
        *limits.findings(settings),
        *of_chart,
        *traits.findings_with(settings.hub.version, values),
    ]


def _of_chart(settings: Settings, values: Values, archive: Archive) -> list[Finding]:
    return [
        *checks.findings(settings, archive),
        *schema.findings(values, archive),
        *mirror.findings(settings, values, archive),
    ]
