"""One line of the audit trail: who did what, from where, and how it ended; written to standard output.

Runs in the hub. What a record may hold is fixed by `audit.schema.json`; docs/audit.md explains it. A record
that cannot be written is told in the hub's ordinary log and counted, and stops nobody's work.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from prometheus_client import Counter

VERSION = "v1"
Outcome = Literal["success", "refused", "failure"]
Record = dict[str, Any]

_LONGEST = 255
_MOST = 50
_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{8,128}")
_FAILURES = Counter("jupyterhub_audit_failures_total", "Records of the audit trail that were lost")
_log = logging.getLogger("jupyterhub.audit")


@dataclass
class Request:
    """A request to the hub, as far as the trail tells of it."""

    identifier: str
    upstream: str | None
    address: str | None
    forwarded: list[str]
    actor: str | None = None
    actor_kind: Literal["user", "service", "nobody", "operator"] = "nobody"
    credential: str | None = None
    # What became of it, gathered on the way.
    told: set[str] = field(default_factory=set)
    signing_in: bool = False
    signed_in: str | None = None
    claimed: str | None = None
    refusal: str | None = None
    error: BaseException | None = None


CURRENT: ContextVar[Request | None] = ContextVar("audit_request", default=None)
"""The request in whose course something happens; tasks that it starts inherit it."""


@dataclass
class Trail:
    """Where records go. `events` is the hub's own event system, once there is one."""

    hub: str
    events: Callable[[Record], object] | None = None
    descriptor: int = 1


_trail = Trail(hub="")


def open_trail(hub: str, descriptor: int) -> Trail:
    """Say which hub it is, and where its lines are written."""
    _trail.hub, _trail.descriptor = hub, descriptor
    return _trail


def output() -> int:
    """Find the hub's standard output: from a command that runs beside the hub in its pod, that of the pod."""
    is_command = len(sys.argv) > 1 and not sys.argv[1].startswith("-")
    if not is_command and "jupyterhub" in sys.argv[0]:
        return 1
    try:
        return os.open("/proc/1/fd/1", os.O_WRONLY | os.O_APPEND)
    except OSError:
        return 2


def begin(headers: Any, remote: str | None) -> Request:  # noqa: ANN401 -- tornado's headers
    """Take from a request what the trail needs. Ids and addresses are kept only in their own form."""
    given = headers.get("X-Request-Id", "")
    hops = [hop.strip() for hop in headers.get("X-Forwarded-For", "").split(",")]
    return Request(
        identifier=uuid4().hex,
        upstream=given if _IDENTIFIER.fullmatch(given) else None,
        address=remote if remote and _is_address(remote) else None,
        forwarded=[hop for hop in hops if _is_address(hop)][-_MOST:],
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def record(
    event: str, outcome: Outcome, *, user: str | None = None, reason: str | None = None, **details: object
) -> None:
    """Write a record of what happens now."""
    with guarded(event):
        write(made(event, outcome, user=user, reason=reason, **details))


def made(
    event: str, outcome: Outcome, *, user: str | None = None, reason: str | None = None, **details: object
) -> Record:
    """Make a record, with the time of now and the request in whose course it happens."""
    request = CURRENT.get()
    if request:
        request.told.add(event)
    return {
        "audit": VERSION,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "event": event,
        "outcome": outcome,
        "hub": _trail.hub,
        "user": _plain(user),
        "actor": _plain(request.actor) if request else None,
        "actor_kind": request.actor_kind if request else "hub",
        "credential": request.credential if request else None,
        "address": request.address if request else None,
        "forwarded": request.forwarded if request else [],
        "request": request.identifier if request else None,
        "upstream_request": request.upstream if request else None,
        "reason": _plain(reason),
        "details": {name: _plain(value) for name, value in details.items() if value is not None},
    }


def _plain(value: object) -> Any:  # noqa: ANN401 -- plain data
    """Cut down to what a line may hold: people choose names, and nobody may fill a log with one."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        whole = sorted(map(str, value))
        return [text[:_LONGEST] for text in whole[:_MOST]]
    return str(value)[:_LONGEST]


def write(made_record: Record) -> None:
    """Write one line. Whatever is in a name, it stays one line: everything beyond plain ASCII is escaped."""
    line = json.dumps(made_record, ensure_ascii=True, separators=(",", ":")) + "\n"
    rest = line.encode("ascii")
    while rest:
        rest = rest[os.write(_trail.descriptor, rest) :]
    if _trail.events:
        _trail.events(made_record)


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Let a fault of the trail be seen and counted, and go no further."""
    try:
        yield
    except Exception as fault:  # whatever it is, the hub goes on
        _FAILURES.inc()
        # The fault's own words may repeat what was to be written, so only its kind is told.
        _log.critical("AUDIT TRAIL: a record of %s was lost: %s", what, type(fault).__name__)
