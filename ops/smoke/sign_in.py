"""The sign-in page, and where it leads: as far as one gets without signing in."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chart.sign_in import authenticator
from chart.sign_in import sign_in as values
from ops.smoke.outcome import Failed, Seen
from ops.smoke.visit import Visit
from settings import Settings
from settings.auth import SharedPassword

_OK, _REDIRECTS = 200, range(300, 400)
_GITHUB = "https://github.com/login/oauth/authorize"
_FOLLOWS = "People cannot sign in, or sign in somewhere else than the settings say."


def sign_in(visit: Visit) -> Seen:
    """The page is that of the settings' provider, and leads there with what that one needs."""
    answer = visit.way.ask("GET", "/hub/login")
    page = _Page()
    page.feed(answer.body.decode(errors="replace"))
    # A hub with one provider may lead there at once.
    to_provider = page.leads or answer.status in _REDIRECTS
    if answer.status != _OK and not to_provider:
        raise _failed(f"/hub/login answers {answer.status}", visit)
    wanted = visit.settings.auth.provider
    if isinstance(visit.settings.auth, SharedPassword):
        if not {"username", "password"} <= page.fields:
            raise _failed("the page asks for no name and password, as sharedPassword does", visit)
        return Seen("the page asks for name and password")
    if not to_provider:
        raise _failed(f"the page leads to no identity provider, and the settings say {wanted}", visit)
    return _followed(visit)


def _followed(visit: Visit) -> Seen:
    answer = visit.way.ask("GET", "/hub/oauth_login?next=%2Fhub%2Fhome")
    to = urlsplit(answer.header("Location"))
    if answer.status not in _REDIRECTS or not to.netloc:
        raise _failed(f"/hub/oauth_login answers {answer.status} and leads nowhere", visit)
    given = {name: texts[0] for name, texts in parse_qs(to.query).items()}
    where, wanted = _wanted(visit.settings)
    wrong = (
        [] if to._replace(query="", fragment="").geturl() == where else [f"it leads to {to.netloc}{to.path}"]
    )
    wrong += [
        f"{name} is {given.get(name, 'missing')}, not {value}"
        for name, value in wanted.items()
        if given.get(name) != value
    ]
    wrong += [f"{name} is missing" for name in ("state", "code_challenge") if not given.get(name)]
    if wrong:
        raise _failed("; ".join(wrong), visit)
    return Seen(
        f"leads to {to.netloc}{to.path} with client {wanted['client_id']}, back to {wanted['redirect_uri']}; "
        "state and PKCE are there"
    )


def _wanted(settings: Settings) -> tuple[str, dict[str, str]]:
    """Give where the settings lead, and what must be said there."""
    config: dict[str, Any] = values(settings)["hub"]["config"][authenticator(settings.auth)]
    return str(config.get("authorize_url", _GITHUB)), {
        "client_id": str(config["client_id"]),
        "redirect_uri": str(config["oauth_callback_url"]),
        "response_type": "code",
        "code_challenge_method": "S256",
    }


def _failed(what: str, visit: Visit) -> Failed:
    stack = visit.live.stack
    return Failed(
        what, _FOLLOWS, f"`pulumi preview --stack {stack} --diff`: was {stack} deployed as it stands?"
    )


class _Page(HTMLParser):
    """What a sign-in page asks for, and whether it leads to a provider."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: set[str] = set()
        self.leads = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.fields.add(str(given["name"]))
        if tag == "a" and "oauth_login" in (given.get("href") or ""):
            self.leads = True
