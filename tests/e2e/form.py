"""Signing in by the hub's own form, as a browser does and without one."""

from __future__ import annotations

import requests


def sign_in(session: requests.Session, address: str, name: str, password: str) -> None:
    """Let a session in at `address`."""
    # Not to where a sign-in leads by itself: a hub without choices starts a server there.
    page = f"{address}/hub/login?next=%2Fhub%2Fhome"
    session.get(page, timeout=30).raise_for_status()
    form = {"username": name, "password": password, "_xsrf": cross_site_token(session)}
    entered = session.post(page, data=form, timeout=30, allow_redirects=False)
    assert entered.status_code == 302, entered.text
    # Whoever is in gets another token than a stranger.
    session.get(f"{address}/hub/home", timeout=30).raise_for_status()


def cross_site_token(session: requests.Session) -> str:
    """Give what forms and the hub's API want beside the cookies; servers have tokens of their own."""
    return next(
        cookie.value or "" for cookie in session.cookies if cookie.name == "_xsrf" and cookie.path == "/hub/"
    )
