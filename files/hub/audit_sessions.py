"""Sessions and decisions in the audit trail: whom an authenticator turns away, and whose session it ends.

Runs in the hub. The hub asks an authenticator again while people work; what it learns there ends sessions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from audit_record import CURRENT, guarded, record
from jupyterhub.handlers.base import BaseHandler

_ENDED: set[str] = set()
"""Users whose session has ended and was told of: their browsers go on asking."""


def watch_sessions() -> None:
    """Surround the method by which the hub asks again."""
    BaseHandler.refresh_auth = _refresh_auth(BaseHandler.refresh_auth)


def watch_authenticator(authenticator: Any) -> None:  # noqa: ANN401 -- the hub's
    """See whom an authenticator recognises and turns away, and whom it takes to have left."""
    for name, refusal in (("check_allowed", "not_allowed"), ("check_blocked_users", "blocked")):
        setattr(authenticator, name, _decided(getattr(authenticator, name), refusal))
    if hasattr(authenticator, "departed"):
        authenticator.departed = _departed(authenticator.departed)


def began(name: str) -> None:
    """Note that somebody has a session again, whose end would be news."""
    _ENDED.discard(name)


def _end(name: str, reason: str) -> None:
    if name not in _ENDED:
        _ENDED.add(name)
        record("session_end", "refused", user=name, reason=reason)


def _refresh_auth(refresh_auth: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(refresh_auth)
    async def refreshed(handler: Any, user: Any, force: bool = False) -> Any:  # noqa: ANN401
        found = await refresh_auth(handler, user, force=force)
        with guarded("session_end"):
            if found is None:
                _end(user.name, getattr(handler, "refusal", None) or "not_confirmed")
            else:
                began(user.name)
        return found

    return refreshed


def _departed(departed: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(departed)
    def told(user: Any, word: str, stopped: Any) -> Any:  # noqa: ANN401
        with guarded("session_end"):
            _end(user.name, word)
        return departed(user, word, stopped)

    return told


def _decided(check: Callable[..., Any], refusal: str) -> Callable[..., Any]:
    def note(username: str, passed: Any) -> Any:  # noqa: ANN401
        request = CURRENT.get()
        if request and not passed:
            request.refusal, request.claimed = refusal, username
        return passed

    async def later(username: str, passing: Awaitable[Any]) -> Any:  # noqa: ANN401
        return note(username, await passing)

    @wraps(check)
    def decided(username: str, authentication: Any = None) -> Any:  # noqa: ANN401
        # Whoever asks without waiting goes on getting an answer at once.
        passed = check(username, authentication)
        return later(username, passed) if isinstance(passed, Awaitable) else note(username, passed)

    return decided
