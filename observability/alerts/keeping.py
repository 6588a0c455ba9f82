"""Whether what must last will last: volumes and the certificate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from observability.alerts import homes
from observability.model import Alert, Severity
from observability.series import Place
from settings import Settings
from settings.door import BroughtTls, CertManagerTls
from settings.storage import Sqlite

_DAY = 24 * 60 * 60
_AT_LAST = 3
"""Days before the end at which it is no longer a matter for tomorrow."""


def alerts(settings: Settings, tls_expires: date | None) -> Iterator[Alert]:
    """Give those that these settings can feed."""
    here, limits = Place(settings.namespace.name), settings.monitoring.thresholds
    if names := claims(settings):
        yield _full(here, names, limits.volume_left, "warning")
        yield _full(here, names, min(3, limits.volume_left), "critical")
    yield from homes.alerts(settings)
    if left := _left(settings, tls_expires):
        yield _ends(left, limits.certificate_days, "warning")
        yield _ends(left, _AT_LAST, "critical")


def claims(settings: Settings) -> tuple[str, ...]:
    """Name the claims that everybody needs; homes have alerts of their own."""
    shared = settings.storage.shared
    database = settings.database
    names = [database.claim] if isinstance(database, Sqlite) else []
    return tuple(names + ([shared.claim] if shared else []))


def _full(here: Place, names: tuple[str, ...], percent: int, severity: Severity) -> Alert:
    ours = f'persistentvolumeclaim=~"{"|".join(names)}"'
    free = here.series("kubelet_volume_stats_available_bytes", ours)
    whole = here.series("kubelet_volume_stats_capacity_bytes", ours)
    share = " / ".join(f"max by (persistentvolumeclaim) ({series})" for series in (free, whole))
    return Alert(
        name="JupyterHubVolumeFull" if severity == "critical" else "JupyterHubVolumeNearlyFull",
        expr=f"{share} < {percent / 100}",
        lasting="5m" if severity == "critical" else "15m",
        severity=severity,
        summary="The volume {{ $labels.persistentvolumeclaim }} is nearly full",
        description="{{ $value | humanizePercentage }} of it is free. A full database stops the hub.",
    )


def _left(settings: Settings, tls_expires: date | None) -> str | None:
    """Give the seconds until the certificate ends, where anybody here knows it."""
    tls = settings.tls
    if isinstance(tls, BroughtTls) and tls_expires:
        end = datetime(tls_expires.year, tls_expires.month, tls_expires.day, tzinfo=UTC)
        return f"vector({int(end.timestamp())}) - time()"
    if isinstance(tls, CertManagerTls):
        # cert-manager is scraped where it runs; unless labels are honoured, ours come with a prefix.
        name, space = f'name="{tls.secret_name}"', settings.namespace.name
        ends = [
            f'certmanager_certificate_expiration_timestamp_seconds{{{label}="{space}", {name}}}'
            for label in ("namespace", "exported_namespace")
        ]
        return f"max({' or '.join(ends)}) - time()"
    return None


def _ends(left: str, days: int, severity: Severity) -> Alert:
    return Alert(
        name="JupyterHubCertificateEnds" if severity == "critical" else "JupyterHubCertificateEndsSoon",
        expr=f"{left} < {days * _DAY}",
        lasting="1h",
        severity=severity,
        summary="The certificate ends in {{ $value | humanizeDuration }}",
        description="Browsers refuse the hub from that moment on.",
    )
