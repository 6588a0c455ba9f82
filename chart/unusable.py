"""The one way in which a chart fails to be had: an exception with a finding."""

from __future__ import annotations

from settings.finding import Finding

_FOLLOWS = "Helm would install something else than what was reviewed, or nothing."


class Unusable(Exception):
    """The chart cannot be used; says why, as a finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def unusable(field: str, what: str, remedy: str, follows: str = _FOLLOWS) -> Unusable:
    """Make the exception for a field of `settings.chart`."""
    return Unusable(
        Finding(path=f"settings.chart.{field}", rule="C1", what=what, follows=follows, remedy=remedy)
    )
