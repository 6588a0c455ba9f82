"""What an alert, a panel and a dashboard are, before Prometheus and Grafana see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

PAGE = "docs/monitoring.md"
"""Where each alert has its section, when the settings know no address of it."""

Severity = Literal["critical", "warning"]
"""Critical: people cannot work now. Warning: somebody looks today."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One condition that somebody must act on; docs/monitoring.md has a section of the same name."""

    name: str
    expr: str
    lasting: str
    """How long it must hold before anybody hears of it."""
    severity: Severity
    summary: str
    description: str

    @property
    def anchor(self) -> str:
        """Name the section in the page of alerts."""
        return self.name.lower()

    def rule(self, namespace: str, page: str | None) -> dict[str, Any]:
        """Write it as Prometheus has it. A sum has lost its namespace, by which alerts are routed."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasting,
            "labels": {"severity": self.severity, "namespace": namespace},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{page or PAGE}#{self.anchor}",
            },
        }


@dataclass(frozen=True, kw_only=True)
class Query:
    """One line of a panel, or several of one expression."""

    expr: str
    legend: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture. The unit is one of Grafana's."""

    title: str
    queries: tuple[Query, ...]
    kind: Literal["timeseries", "stat", "heatmap", "bargauge"] = "timeseries"
    unit: str = "short"
    width: int = 8
    """Of 24 columns."""
    height: int = 8
    about: str = ""
    most: float | None = None
    """The end of the scale, where it has one: 1 for shares."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """Rows under one title."""

    uid: str
    title: str
    rows: tuple[Row, ...] = field(default=())
