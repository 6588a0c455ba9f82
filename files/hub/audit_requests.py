"""Requests in the audit trail: sign-in and its refusal, sign-out, changes asked for by the API.

Runs in the hub, around a few methods that every request passes: there are no hooks for these in JupyterHub.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import audit_counts
from audit_record import CURRENT, Outcome, Request, begin, guarded, record
from audit_sessions import began
from jupyterhub.apihandlers.auth import OAuthTokenHandler, TokenAPIHandler
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.apihandlers.users import ActivityAPIHandler
from jupyterhub.auth import Authenticator
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.login import LoginHandler, LogoutHandler
from jupyterhub.handlers.pages import SpawnHandler
from jupyterhub.log import log_request
from oauthenticator.oauth2 import OAuthCallbackHandler
from refusals import word

Handler = Any
"""A request handler, of packages that are the hub's alone."""

_READING = {"GET", "HEAD", "OPTIONS"}
# A server tells of its own activity every few minutes; tokens that the other makes are told as such.
_UNTOLD = (ActivityAPIHandler, OAuthTokenHandler, TokenAPIHandler)


def watch_requests() -> None:
    """Surround what every request passes."""
    BaseHandler.prepare = _prepare(BaseHandler.prepare)
    BaseHandler.log_exception = _log_exception(BaseHandler.log_exception)
    BaseHandler.login_user = _login_user(BaseHandler.login_user)
    Authenticator.get_authenticated_user = _authenticated(Authenticator.get_authenticated_user)


def of(handler: Handler) -> Request | None:
    """Give what is known of a handler's request; nothing of one that ended before it began."""
    found: Request | None = getattr(handler, "audit_request", None)
    return found


def _prepare(prepare: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(prepare)
    async def prepared(handler: Handler) -> None:
        with guarded("a request"):
            handler.audit_request = begin(handler.request.headers, handler.request.remote_ip)
            CURRENT.set(handler.audit_request)
        try:
            await prepare(handler)
        finally:
            with guarded("a request"):
                _who(handler)

    return prepared


def _who(handler: Handler) -> None:
    """Note who asks. Before sign-in and after sign-out that is another one than at the end."""
    request, user = of(handler), getattr(handler, "_jupyterhub_user", None)
    if not request or user is None:
        return
    request.actor, request.actor_kind = user.name, user.kind
    token = handler.get_token() if getattr(handler, "_token_authenticated", False) else None
    request.credential = f"token {token.api_id}" if token else "cookie"


def _log_exception(log_exception: Callable[..., None]) -> Callable[..., None]:
    @wraps(log_exception)
    def logged(handler: Handler, kind: Any, error: Any, trace: Any) -> None:  # noqa: ANN401 -- tornado's
        if request := of(handler):
            request.error = error
        log_exception(handler, kind, error, trace)

    return logged


def _login_user(login_user: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(login_user)
    async def signed_in(handler: Handler, data: Any = None) -> Any:  # noqa: ANN401
        request = of(handler)
        if request:
            request.signing_in = True
        user = await login_user(handler, data)
        if request and user:
            request.signed_in = user.name
        return user

    return signed_in


def _authenticated(authenticate: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(authenticate)
    async def authenticated(authenticator: Any, handler: Handler, data: Any) -> Any:  # noqa: ANN401
        request = of(handler)
        model = await authenticate(authenticator, handler, data)
        if request and model and isinstance(handler, APIHandler):
            # The API takes a password in place of a token, where somebody asks for a first token.
            request.actor, request.actor_kind, request.credential = model["name"], "user", "password"
        if request and model is None and request.refusal is None:
            request.refusal = "wrong_password" if data else "not_allowed"
            request.claimed = _known(authenticator, handler, data)
        return model

    return authenticated


def _known(authenticator: Any, handler: Handler, data: Any) -> str | None:  # noqa: ANN401
    """Give the name that was typed, if it is somebody's: now and then people type a password there."""
    typed = authenticator.normalize_username(str((data or {}).get("username") or ""))
    known = typed in {*authenticator.allowed_users, *authenticator.admin_users}
    return typed if typed and (known or handler.find_user(typed)) else None


def log_function(handler: Handler) -> None:
    """Log a request as JupyterHub does, and tell of it in the trail; tornado calls it at the end of each."""
    log_request(handler)
    request = of(handler)
    if request is None:
        return
    before = CURRENT.set(request)
    try:
        with guarded("a request"):
            _ended(handler, request)
    finally:
        CURRENT.reset(before)


def _ended(handler: Handler, request: Request) -> None:
    audit_counts.asked(request.actor)
    if request.signing_in or _is_sign_in(handler):
        _sign_in(handler, request)
    elif isinstance(handler, LogoutHandler) and request.actor:
        record("sign_out", outcome(handler), user=request.actor)
    elif isinstance(handler, APIHandler) and _changes(handler):
        _asked(handler, request)
    elif isinstance(handler, SpawnHandler) and _kept_from_starting(handler, request):
        user = _named(handler).get("user") or request.actor
        record("server_start", outcome(handler), user=user, reason=_reason(handler))


def _changes(handler: Handler) -> bool:
    return handler.request.method not in _READING and not isinstance(handler, _UNTOLD)


def _kept_from_starting(handler: Handler, request: Request) -> bool:
    """Tell whether a start was refused before it began; one that began tells its own end."""
    return handler.get_status() >= 400 and "server_start" not in request.told


def _is_sign_in(handler: Handler) -> bool:
    """Tell whether somebody tries to come in, even where it ends before anybody is asked."""
    if isinstance(handler, LoginHandler):
        return bool(handler.request.method == "POST")
    return isinstance(handler, OAuthCallbackHandler)


def _sign_in(handler: Handler, request: Request) -> None:
    if request.signed_in:
        began(request.signed_in)
        audit_counts.signed_in("success", None)
        record("sign_in", "success", user=request.signed_in)
        return
    claimed = getattr(request.error, "user", None) or request.claimed
    how: Outcome = "failure" if handler.get_status() >= 500 and not _refused(request) else "refused"
    audit_counts.signed_in(how, _reason(handler))
    record("sign_in", how, user=claimed, reason=_reason(handler))


def _refused(request: Request) -> bool:
    return bool(getattr(request.error, "refusal", None))


def outcome(handler: Handler) -> Outcome:
    """Read off an answer how a request ended. JupyterHub says 404 for what somebody may not know of."""
    status = handler.get_status()
    if status < 400:
        return "success"
    return "refused" if status in {401, 403, 404, 429} else "failure"


def _reason(handler: Handler) -> str | None:
    """Give the word for a refusal: the authenticator's, or that of JupyterHub's own message."""
    request = of(handler)
    if handler.get_status() < 400 or request is None:
        return None
    given = getattr(request.error, "refusal", None) or request.refusal
    return given or word(request.error) or f"http_{handler.get_status()}"


def _asked(handler: Handler, request: Request) -> None:
    """Tell of a change that somebody asked the API for, whether it was made or not."""
    named = _named(handler)
    record(
        "api_request",
        outcome(handler),
        user=named.pop("user", None),
        reason=_reason(handler),
        handler=type(handler).__name__,
        method=handler.request.method,
        status=handler.get_status(),
        **named,
    )


_KINDS = {
    "users": "user",
    "spawn": "user",
    "shares": "user",
    "share-codes": "user",
    "groups": "group",
    "services": "service",
}


def _named(handler: Handler) -> dict[str, str]:
    """Find whom or what a path is about. The rest of it is not told: somebody may have put a token there."""
    path = handler.request.path.removeprefix(handler.hub.base_url).removeprefix("api/")
    kind = _KINDS.get(path.split("/")[0])
    arguments = [one for one in handler.path_args if one]
    return {kind: arguments[0]} if kind and arguments else {}
