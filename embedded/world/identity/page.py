"""What a person sees of the provider."""

from __future__ import annotations

from html import escape

from embedded.world.identity.web import Answer, as_page


def sign_in(title: str, action: str, *, refused: bool = False) -> Answer:
    """Show the form to sign in; it is sent to where it came from."""
    said = '<p id="refused">Name or password is wrong.</p>' if refused else ""
    body = (
        f'{said}<form method="post" action="{escape(action)}">'
        '<label>Name <input name="username" autocomplete="off" autofocus></label>'
        '<label>Password <input name="password" type="password"></label>'
        '<button id="sign-in">Sign in</button></form>'
    )
    return _page(f"{title} (pretended)", body, 200)


def fault(title: str, why: str, status: int = 400) -> Answer:
    """Show why there is nothing to sign in to."""
    return _page(title, f'<p id="fault">{escape(why)}</p>', status)


def _page(title: str, body: str, status: int) -> Answer:
    style = (
        "body{font:1rem sans-serif;margin:4rem auto;max-width:24rem}label,button{display:block;margin:1rem 0}"
    )
    return as_page(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style><h1>{escape(title)}</h1>{body}</html>",
        status,
    )
