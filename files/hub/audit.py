"""The audit trail of a hub: who came in and who did not, what was started, changed and given away.

Runs in the hub, from its configuration. docs/audit.md says what it tells and how it can be trusted.
"""

from __future__ import annotations

import atexit
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import audit_counts
from audit_database import watch_database
from audit_record import open_trail, output, record
from audit_requests import log_function, watch_requests
from audit_schema import IDENTIFIER, SCHEMA
from audit_servers import watch_servers
from audit_sessions import watch_authenticator, watch_sessions
from jupyterhub import __version__
from jupyterhub.app import JupyterHub


def install(c: Any, hub: str) -> None:  # noqa: ANN401 -- the hub's configuration
    """Begin the trail. A hub in which this cannot be done does not start: nobody would notice later."""
    trail = open_trail(hub, output())
    watch_database()
    watch_requests()
    watch_sessions()
    watch_servers()
    c.JupyterHub.tornado_settings.update({"log_function": log_function})

    start: Callable[..., Awaitable[Any]] = JupyterHub.start

    @wraps(start)
    async def started(app: Any) -> Any:  # noqa: ANN401
        # Whoever configures handlers of the hub's events gets these too.
        app.eventlog.register_event_schema(SCHEMA)
        trail.events = lambda made: app.eventlog.emit(schema_id=IDENTIFIER, data=made)
        watch_authenticator(app.authenticator)
        audit_counts.begin(lambda: app.db)
        record("hub_start", "success", version=__version__)
        atexit.register(record, "hub_stop", "success")
        return await start(app)

    JupyterHub.start = started
