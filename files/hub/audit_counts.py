"""Counts, for Prometheus, what the audit trail tells of sign-ins and of tokens of an emergency.

Runs in the hub. A line of a log wakes nobody: these are what alerts are made of. Reasons are words of a short
list, so that nobody fills a Prometheus by being refused.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from jupyterhub import orm
from prometheus_client import Counter, Gauge
from refusals import WORDS

OTHER = "other"
# A hub with a shared password has no authenticator of ours, and none of its words.
_THEIRS = tuple(import_module("refused").TEXTS) if find_spec("refused") else ()
REASONS = frozenset((*_THEIRS, *WORDS))
BREAK_GLASS = "ops.break-glass"
"""The account of `ops break-glass`."""

_SIGN_INS = Counter("jupyterhub_audit_sign_ins_total", "Sign-ins, by how they ended", ["outcome", "reason"])
_TOKENS = Gauge("jupyterhub_audit_break_glass_tokens", "Tokens of an emergency that are good now")
_USES = Counter("jupyterhub_audit_break_glass_uses_total", "Requests with a token of an emergency")


def begin(database: Callable[[], Any]) -> None:
    """Let every series be there at zero: Prometheus sees no growth of one that begins at one."""
    _SIGN_INS.labels("success", "")
    for reason in (*REASONS, OTHER):
        _SIGN_INS.labels("refused", reason)
    _SIGN_INS.labels("failure", OTHER)
    # Such a token is made beside the hub, in a process whose counters nobody reads.
    _TOKENS.set_function(lambda: _good(database()))


def signed_in(outcome: str, reason: str | None) -> None:
    """Count a sign-in that came to its end."""
    known = reason if reason in REASONS else OTHER
    _SIGN_INS.labels(outcome, "" if outcome == "success" else known).inc()


def asked(user: str | None) -> None:
    """Count a request, if it is one of an emergency's account."""
    if user == BREAK_GLASS:
        _USES.inc()


def _good(db: Any) -> int:  # noqa: ANN401 -- SQLAlchemy's session
    held = db.query(orm.APIToken).join(orm.User, orm.APIToken.user_id == orm.User.id)
    good = held.filter(orm.User.name == BREAK_GLASS, orm.APIToken.expires_at > orm.APIToken.now())
    found: int = good.count()
    return found
