"""What can be measured, by whom, and whom it wakes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from settings.names import DnsLabel, Duration, Hostname, Url
from settings.section import Section
from settings.smoke import SERVICE as SMOKE

PROMETHEUS = "prometheus"
"""The hub's name for who reads its metrics."""


class Thresholds(Section):
    """From where on an alert rings; docs/monitoring.md has a section for each alert."""

    spawn_slow: Duration = "2m"
    """Starts of servers: one in twenty takes longer."""
    spawn_failures: int = Field(default=20, ge=1, le=100)
    """Percent of the starts in 30 minutes that fail."""
    errors: int = Field(default=5, ge=1, le=100)
    """Percent of the hub's answers in 10 minutes that are its own errors."""
    volume_left: int = Field(default=10, ge=1, le=50)
    """Percent of a volume that is still free."""
    certificate_days: int = Field(default=21, ge=4, le=90)
    """Days before the end of the certificate."""


class Monitoring(Section):
    """Metrics are never open to everyone: Prometheus has a token that reads them and nothing else."""

    metrics: bool = True
    """Make a service token of scope read:metrics."""
    smoke: bool = True
    """Make a service token by which `ops smoke` starts the server of one user of its own, no one else's."""
    audit: bool = True
    """Have the hub write who came in, and who changed what, as JSON lines on its standard output."""
    namespaces: tuple[DnsLabel, ...] = ()
    """Pods of these namespaces may reach the metrics of the hub, and of the tunnel's connectors."""
    stack: Literal["none", "own", "corporate"] = "none"
    """Whose Prometheus: nobody's, one that this team runs, or the company's."""
    operator: bool = False
    """The cluster knows ServiceMonitor and PrometheusRule."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels by which Prometheus finds them, such as `release`."""
    interval: Duration = "30s"
    """How often Prometheus asks."""
    thresholds: Thresholds = Thresholds()
    runbooks: Url | None = None
    """Address under which people read docs/monitoring.md; alerts link to their sections in it."""
    dashboards: bool = False
    """Make the dashboards' ConfigMap, which Grafana's sidecar picks up."""
    dashboard_labels: dict[str, str] = Field(default_factory=lambda: {"grafana_dashboard": "1"})
    """Labels by which the sidecar finds it."""
    dashboard_folder: str | None = Field(default=None, min_length=1, max_length=100)
    """Grafana's folder for it, where the sidecar reads the annotation `grafana_folder`."""
    grafana: Hostname | None = None
    """Host of the Grafana that shows the dashboards; outputs link to it."""
    alerts: tuple[Literal["alertmanager", "pagerDuty", "email", "slack", "teams"], ...] = ()
    """Where the company's Alertmanager sends what our rules find."""

    @property
    def services(self) -> tuple[str, ...]:
        """Name the services of the hub that have a token."""
        return (PROMETHEUS,) * self.metrics + (SMOKE,) * self.smoke
