"""What can be measured, by whom, and whom it wakes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from settings.names import DnsLabel, Hostname
from settings.section import Section


class Monitoring(Section):
    """Metrics are never open to everyone: Prometheus has a token that reads them and nothing else."""

    metrics: bool = True
    """Make a service token of scope read:metrics."""
    namespaces: tuple[DnsLabel, ...] = ()
    """Pods of these namespaces may reach the hub's metrics."""
    stack: Literal["none", "own", "corporate"] = "none"
    """Whose Prometheus: nobody's, one that this team runs, or the company's."""
    operator: bool = False
    """The cluster knows ServiceMonitor and PrometheusRule."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels by which Prometheus finds them, such as `release`."""
    dashboards: bool = False
    """Make the dashboards' ConfigMaps, which Grafana's sidecar picks up."""
    grafana: Hostname | None = None
    """Host of the Grafana that shows the dashboards; outputs link to it."""
    alerts: tuple[Literal["alertmanager", "pagerDuty", "email", "slack", "teams"], ...] = ()
    """Where the company's Alertmanager sends what our rules find."""
