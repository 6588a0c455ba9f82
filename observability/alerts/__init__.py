"""What wakes somebody, by topic. An alert that no data can feed here is not made."""

from __future__ import annotations

from datetime import date

from observability.alerts import hub, keeping, servers, sign_in
from observability.model import Alert
from settings import Settings


def by_topic(settings: Settings, tls_expires: date | None) -> dict[str, list[Alert]]:
    """Give the alerts for these settings."""
    return {
        "hub": list(hub.alerts(settings)),
        "sign-in": list(sign_in.alerts(settings)),
        "servers": list(servers.alerts(settings)),
        "keeping": list(keeping.alerts(settings, tls_expires)),
    }
