"""Alerts and dashboards as typed code: what is watched, made from the settings and given as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from observability import alerts, dashboard, grafana
from settings import Settings

__all__ = ["alert_groups", "dashboards", "link"]


def alert_groups(settings: Settings, tls_expires: date | None = None) -> list[dict[str, Any]]:
    """Give the groups of a PrometheusRule. The date is that of a certificate that came with the stack."""
    page, namespace = settings.monitoring.runbooks, settings.namespace.name
    return [
        {"name": f"jupyterhub-{topic}", "rules": [alert.rule(namespace, page) for alert in found]}
        for topic, found in alerts.by_topic(settings, tls_expires).items()
        if found
    ]


def dashboards(settings: Settings) -> Mapping[str, str]:
    """Give the dashboards, by the name of their file.

    Grafana's sidecar lays the files of all namespaces into one folder: the name carries ours.
    """
    model = grafana.render(dashboard.overview(settings))
    return {f"{model['uid']}.json": json.dumps(model, indent=1) + "\n"}


def link(settings: Settings) -> str | None:
    """Give the address of the dashboard, where the settings know a Grafana that has it."""
    monitoring = settings.monitoring
    if not (monitoring.grafana and monitoring.dashboards):
        return None
    return f"https://{monitoring.grafana}/d/{dashboard.overview(settings).uid}"
