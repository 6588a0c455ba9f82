"""Values for the audit trail, and for the ordinary log beside it."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values, disjoint
from settings import Settings

_FILES = (
    "audit.py",
    "audit_counts.py",
    "audit_database.py",
    "audit_facts.py",
    "audit_record.py",
    "audit_requests.py",
    "audit_schema.py",
    "audit_servers.py",
    "audit_sessions.py",
)
_SCRUB = """\
from scrubbed_log import scrub

scrub()
"""
_INSTALL = """\
import audit

audit.install(c, get_config("custom.auditHub"))
"""


def ordinary_log(_settings: Settings) -> Values:
    """Keep secrets of sign-in out of the hub's ordinary log, which lies beside the trail."""
    return {"hub": {"extraFiles": module("scrubbed_log.py"), "extraConfig": {"a-scrubbed-log": _SCRUB}}}


def audit(settings: Settings) -> Values:
    """Have the hub write who did what, as JSON lines on its standard output."""
    if not settings.monitoring.audit:
        return {}
    return {
        "custom": {"auditHub": settings.ingress.host},
        "hub": {
            "extraFiles": disjoint((name, module(name)) for name in _FILES),
            "extraConfig": {"audit": _INSTALL},
        },
    }
