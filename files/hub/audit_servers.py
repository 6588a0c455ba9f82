"""Starts and stops of servers in the audit trail: whoever asks for them, by page, API or on the hub's own.

Runs in the hub. JupyterHub's own events tell neither of failures nor of who asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from audit_record import CURRENT, Outcome, record
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.user import User
from refusals import word
from tornado.web import Finish, HTTPError

Method = Callable[..., Awaitable[Any]]


def watch_servers() -> None:
    """Surround the two methods by which every server starts and stops."""
    User.spawn = _told("server_start", User.spawn)
    User.stop = _told("server_stop", User.stop)
    BaseHandler.user_stopped = _by_itself(BaseHandler.user_stopped)


def _told(event: str, method: Method) -> Method:
    @wraps(method)
    async def telling(user: Any, server_name: str = "", *given: Any, **named: Any) -> Any:  # noqa: ANN401 -- the hub's
        try:
            done = await method(user, server_name, *given, **named)
        except Finish:
            raise
        except BaseException as fault:
            record(event, _outcome(fault), user=user.name, reason=_reason(fault), server=server_name)
            raise
        record(event, "success", user=user.name, server=server_name)
        return done

    return telling


def _outcome(fault: BaseException) -> Outcome:
    return "refused" if isinstance(fault, HTTPError) and fault.status_code < 500 else "failure"


def _reason(fault: BaseException) -> str:
    """Name the kind of a fault; its words may hold anything."""
    if isinstance(fault, HTTPError):
        return word(fault) or f"http_{fault.status_code}"
    return type(fault).__name__


def _by_itself(user_stopped: Method) -> Method:
    @wraps(user_stopped)
    async def stopped(handler: Any, *given: Any) -> Any:  # noqa: ANN401
        # The hub noticed by itself; the request that once started the server has nothing to do with it.
        CURRENT.set(None)
        return await user_stopped(handler, *given)

    return stopped
