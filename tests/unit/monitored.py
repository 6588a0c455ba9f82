"""The component of monitoring by itself, for a committed stack and patches of it."""

from __future__ import annotations

from typing import Any

import pulumi

import observability
from components.credentials import token_key
from components.monitoring import Monitoring, MonitoringArgs
from settings import Settings
from settings.flows import CONNECTOR
from tests.unit.documents import Document, settings_of
from tests.unit.recorder import Recorder, Request, run

SERVICE = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
POD = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET_NAME = "hub-credentials-1a2b"


def made(stack: str, patch: Document | None = None) -> Recorder:
    settings = settings_of(stack, patch)

    def program() -> None:
        Monitoring("monitoring", _args(settings))

    return run(program)[0]


def _args(settings: Settings) -> MonitoringArgs:
    return MonitoringArgs(
        namespace=settings.namespace.name,
        release=settings.hub.release,
        settings=settings.monitoring,
        credentials_secret=pulumi.Output.from_input(SECRET_NAME),
        token_key=token_key("prometheus"),
        connector=CONNECTOR if settings.ingress.tunnel else None,
        alerts=observability.alert_groups(settings),
        dashboards=observability.dashboards(settings),
    )


def children(recorder: Recorder) -> list[Request]:
    """Everything but components."""
    return [asked for asked in recorder.requests.values() if asked.custom]


def monitoring_objects(recorder: Recorder) -> list[dict[str, Any]]:
    """Give the objects of the operator's kinds, as a cluster would be asked for them."""
    return [asked.plain() for asked in children(recorder) if "monitoring.coreos.com" in asked.type]
