"""Times as Kubernetes writes them, and as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta

RECENT = timedelta(minutes=30)
"""What happened before that, and has no trace in an object's present state, matters no more."""
STARTING = timedelta(seconds=60)
"""A pod that runs so short a time may still become ready by itself."""


def moment(text: object) -> datetime | None:
    """Read a time, or nothing."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def ago(when: datetime | None, now: datetime) -> str:
    """Say how long ago something was: 20 s ago, 3 min ago, 5 h ago, 2 days ago."""
    if when is None:
        return ""
    seconds = max(0, int((now - when).total_seconds()))
    for most, unit, name in ((100, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h")):
        if seconds < most:
            return f"{seconds // unit} {name} ago"
    return f"{seconds // 86_400} days ago"
