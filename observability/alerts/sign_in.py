"""Whether people get in, whether it is on record, and who came in by the door for emergencies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from observability.model import Alert, Severity
from observability.series import Place
from settings import Settings
from settings.auth import Identities

_SIGN_INS = "jupyterhub_audit_sign_ins_total"
# What people do who mistype, come back to an old page, or knock without belonging here.
_BY_THEMSELVES = "wrong_password|form_expired|state_mismatch|code_missing"
_AWAY = "provider_error|provider_unreachable"
_DAY = 24 * 60 * 60
_SOON, _AT_LAST = 30, 3
"""Days before the end of the client secret; `ops check` warns as early."""


def alerts(settings: Settings) -> Iterator[Alert]:
    """Give those that these settings can feed."""
    here = Place(settings.namespace.name)
    if settings.monitoring.metrics and settings.monitoring.audit:
        yield _nobody_gets_in(here)
        if isinstance(settings.auth, Identities):
            yield _provider_is_away(here)
        yield _trail_is_lost(here)
        yield from _emergency(here)
    if isinstance(settings.auth, Identities) and settings.auth.client_secret_expires:
        yield _secret_ends(settings.auth.client_secret_expires, _SOON, "warning")
        yield _secret_ends(settings.auth.client_secret_expires, _AT_LAST, "critical")


def _nobody_gets_in(here: Place) -> Alert:
    refused = here.grown(_SIGN_INS, 'outcome!="success"', f'reason!~"{_BY_THEMSELVES}"', over="30m")
    entered = here.grown(_SIGN_INS, 'outcome="success"', over="30m")
    return Alert(
        name="JupyterHubNobodyGetsIn",
        # Somebody who does not belong here knocks now and then: five, and nobody let in meanwhile.
        expr=f"{refused} > 4.5 and {entered} < 0.5",
        lasting="5m",
        severity="critical",
        summary="Nobody gets in",
        description="In 30 minutes {{ $value | humanize }} sign-ins were refused, and none succeeded.",
    )


def _provider_is_away(here: Place) -> Alert:
    away = here.series(_SIGN_INS, f'reason=~"{_AWAY}"')
    return Alert(
        name="JupyterHubProviderAway",
        expr=f"sum by (reason) (increase({away}[10m])) > 2.5",
        lasting="5m",
        severity="critical",
        summary="The identity provider does not answer the hub ({{ $labels.reason }})",
        description="Nobody signs in. Who is signed in stays so, and starts servers for an hour longer.",
    )


def _trail_is_lost(here: Place) -> Alert:
    return Alert(
        name="JupyterHubAuditLost",
        expr=f"{here.grown('jupyterhub_audit_failures_total', over='15m')} > 0",
        lasting="0m",
        severity="critical",
        summary="Records of the audit trail are lost",
        description="{{ $value | humanize }} records of 15 minutes could not be written.",
    )


def _emergency(here: Place) -> Iterator[Alert]:
    yield Alert(
        name="JupyterHubBreakGlassToken",
        expr=f"max({here.series('jupyterhub_audit_break_glass_tokens')}) > 0",
        lasting="0m",
        severity="warning",
        summary="There is a break-glass token",
        description="Whoever has it administers the hub, until it ends or is revoked.",
    )
    yield Alert(
        name="JupyterHubBreakGlassUsed",
        expr=f"{here.grown('jupyterhub_audit_break_glass_uses_total', over='15m')} > 0",
        lasting="0m",
        severity="critical",
        summary="A break-glass token is used",
        description="Somebody acts as administrator of the hub, past sign-in and second factor.",
    )


def _secret_ends(ends: date, days: int, severity: Severity) -> Alert:
    end = int(datetime(ends.year, ends.month, ends.day, tzinfo=UTC).timestamp())
    return Alert(
        name="JupyterHubClientSecretEnds" if severity == "critical" else "JupyterHubClientSecretEndsSoon",
        expr=f"vector({end}) - time() < {days * _DAY}",
        lasting="1h",
        severity=severity,
        summary="The client secret ends in {{ $value | humanizeDuration }}",
        description="From that moment on the identity provider refuses the hub, and nobody signs in.",
    )
