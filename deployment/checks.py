"""What is held against chart and hub before anything is registered."""

from __future__ import annotations

from pathlib import Path

import pulumi

from chart import checks, mirror, schema, source, traits
from chart.merge import Values
from chart.values import build
from components import limits
from settings import Settings
from settings.finding import report


def checked_values(settings: Settings, project: Path) -> tuple[Values, source.Archive]:
    """Build the values and hold them against chart and hub; every finding comes at once."""
    try:
        archive = source.load(settings.chart, project)
    except source.Unusable as unusable:
        raise pulumi.RunError(report([unusable.finding])) from None
    values = build(settings)
    found = [
        *limits.findings(settings),
        *checks.findings(settings, archive),
        *schema.findings(values, archive),
        *mirror.findings(settings, values, archive),
        *traits.findings_with(settings.hub.version, values),
    ]
    for one in found:
        if one.severity == "warning":
            pulumi.log.warn(str(one))
    if errors := [one for one in found if one.severity == "error"]:
        raise pulumi.RunError(report(errors))
    return values, archive
