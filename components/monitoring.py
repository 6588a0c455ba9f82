"""What Prometheus and Grafana find of a hub: metrics with the token that reads them, alerts, dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

import settings.monitoring as model

_API = "monitoring.coreos.com/v1"


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """Whose metrics, with which token, and what is made of them."""

    namespace: pulumi.Input[str]
    release: str
    settings: model.Monitoring
    credentials_secret: pulumi.Input[str]
    token_key: str
    """The key of that Secret that holds the token; its only right is to read metrics."""
    connector: Mapping[str, str] | None
    """Labels of the tunnel's connectors, where there is a tunnel."""
    alerts: Sequence[Mapping[str, Any]]
    """Groups of a PrometheusRule."""
    dashboards: Mapping[str, str]
    """Grafana's JSON by the name of its file."""


class Monitoring(pulumi.ComponentResource):
    """Nothing of it holds data, and the hub waits for none of it."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Monitoring", name, None, opts)
        self._args = args
        wanted = args.settings
        if wanted.operator and wanted.metrics:
            self._hub()
            if args.connector:
                self._tunnel(args.connector)
        if wanted.operator:
            self._object("alerts", "PrometheusRule", "jupyterhub", {"groups": list(args.alerts)})
        if wanted.dashboards:
            self._dashboards()
        self.register_outputs({})

    def _hub(self) -> None:
        # The Service `hub` as the chart labels it; its port has a name, and speaks HTTP inside the cluster.
        service = {"app": "jupyterhub", "component": "hub", "release": self._args.release}
        token = {"name": self._args.credentials_secret, "key": self._args.token_key}
        endpoint = {
            "port": "hub",
            "path": "/hub/metrics",
            "scheme": "http",
            # The operator reads the Secret and gives the token to Prometheus: it must lie in this namespace.
            "authorization": {"type": "Bearer", "credentials": token},
            **self._scrape(),
        }
        spec = {"selector": {"matchLabels": service}, "endpoints": [endpoint]}
        self._object("hub", "ServiceMonitor", "jupyterhub-hub", spec)

    def _tunnel(self, connector: Mapping[str, str]) -> None:
        """Watch each connector; no Service stands before them."""
        endpoint = {"port": "metrics", "path": "/metrics", "scheme": "http", **self._scrape()}
        spec = {"selector": {"matchLabels": dict(connector)}, "podMetricsEndpoints": [endpoint]}
        self._object("tunnel", "PodMonitor", "jupyterhub-tunnel", spec)

    def _scrape(self) -> dict[str, Any]:
        return {"interval": self._args.settings.interval, "honorLabels": True}

    def _object(self, role: str, kind: str, name: str, spec: dict[str, Any]) -> None:
        k8s.apiextensions.CustomResource(
            role,
            api_version=_API,
            kind=kind,
            metadata={
                "name": name,
                "namespace": self._args.namespace,
                # By these Prometheus selects what it reads; without them it reads nothing, and says nothing.
                "labels": {"app.kubernetes.io/part-of": "jupyterhub", **self._args.settings.labels},
            },
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _dashboards(self) -> None:
        wanted = self._args.settings
        folder = {"grafana_folder": wanted.dashboard_folder} if wanted.dashboard_folder else {}
        k8s.core.v1.ConfigMap(
            "dashboards",
            metadata={
                "name": "jupyterhub-dashboards",
                "namespace": self._args.namespace,
                "labels": dict(wanted.dashboard_labels),
                "annotations": folder,
            },
            data=dict(self._args.dashboards),
            opts=pulumi.ResourceOptions(parent=self),
        )
