"""Signing out ends what it seems to end: every session of that person, copies of its cookies with it.

Runs in the hub. JupyterHub tells the browser to forget its cookie, and takes back the tokens of that
browser's servers; the cookie itself stays good, so that a copy of it opens the hub until its day is over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from jupyterhub.handlers.login import LogoutHandler
from jupyterhub.orm import new_token


def install() -> None:
    """Have every way of signing out end the sessions, and say so on a page."""
    LogoutHandler.default_handle_logout = _ending(LogoutHandler.default_handle_logout)
    LogoutHandler.render_logout_page = _show


def end_sessions(user: Any) -> None:  # noqa: ANN401 -- the hub's
    """Make every cookie of somebody void, and the tokens that browsers got; those made by hand stay."""
    # Every cookie names it.
    user.orm_user.cookie_id = new_token()
    for token in list(user.orm_user.api_tokens):
        if token.session_id:
            user.db.delete(token)
    user.db.commit()


def _ending(sign_out: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    @wraps(sign_out)
    async def ended(handler: Any) -> None:  # noqa: ANN401 -- the hub's
        # Whoever shows a token, and no cookie, has no session to end.
        user = handler.get_current_user_cookie()
        await sign_out(handler)
        if user is not None:
            end_sessions(user)

    return ended


async def _show(handler: Any) -> None:  # noqa: ANN401 -- the hub's
    # The sign-in page, which the hub leads to, does not tell whoever leaves a shared machine that it worked.
    handler.finish(await handler.render_template("logout.html"))
