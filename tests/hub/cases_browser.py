"""A scripted browser: the hub's pages and the provider's, cookies, redirects, and what a person sees last."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from tests.unit.documents import PROJECT

_SPEC = importlib.util.spec_from_file_location("refused", PROJECT / "files" / "hub" / "refused.py")
assert _SPEC
assert _SPEC.loader
_REFUSED = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_REFUSED)
TEXTS: Mapping[str, str] = _REFUSED.TEXTS
# What pages and forms carry on purpose.
_OPEN = "_xsrf"
STATE_COOKIE = "oauthenticator-state"
_REASON = re.compile(r'data-reason="([a-z_]*)"')
_SAID = re.compile(r'id="refusal"[^>]*>([^<]*)<')
_LINK = re.compile(r"""href=['"]([^'"]*oauth_login[^'"]*)['"]""")
_HOPS = 12


@dataclass(frozen=True)
class Doors:
    """Where the browser finds what: names of the provider on loopback, and the hub in place of its host."""

    port: int
    authority: Path
    names: tuple[str, ...]
    hub: str
    host: str


class _ToLoopback(HTTPAdapter):
    """Sends what is for a name to a port of this machine, and expects the name's certificate there."""

    def __init__(self, name: str, doors: Doors) -> None:
        self._name, self._doors = name, doors
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 -- requests' own
        super().init_poolmanager(*args, server_hostname=self._name, assert_hostname=self._name, **more)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:  # noqa: ANN401
        parts = urlsplit(request.url or "")
        request.url = urlunsplit(("https", f"127.0.0.1:{self._doors.port}", parts.path, parts.query, ""))
        request.headers["Host"] = self._name
        return super().send(request, *args, **{**more, "verify": str(self._doors.authority)})


@dataclass
class Seen:
    """What a person sees in the end, and where."""

    status: int
    text: str
    url: str

    @property
    def reason(self) -> str:
        """The word for a refusal that the page carries."""
        found = _REASON.search(self.text)
        return found[1] if found else next((word for word in TEXTS if self.says(TEXTS[word])), "")

    @property
    def sentence(self) -> str:
        """What a person reads there about a refusal."""
        found = _SAID.search(self.text)
        return " ".join(unescape(found[1]).split()) if found else ""

    def says(self, sentence: str) -> bool:
        """Whether a person reads it there."""
        return sentence in " ".join(unescape(self.text).split())


@dataclass
class Browser:
    """One person's browser; another one shares no cookie with it."""

    doors: Doors
    pages: list[str] = field(default_factory=list)
    """Every page of the hub that was shown."""
    secrets: set[str] = field(default_factory=set)
    """Every cookie that the hub gave, but for the token that forms carry."""
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        for name in self.doors.names:
            self.session.mount(f"https://{name}", _ToLoopback(name, self.doors))

    def ask(self, method: str, url: str, **more: Any) -> requests.Response:  # noqa: ANN401 -- requests' own
        """Ask once, following nothing; the hub's public host is the hub."""
        parts = urlsplit(urljoin(self.doors.hub, url))
        if parts.hostname == self.doors.host:
            parts = parts._replace(scheme="http", netloc=urlsplit(self.doors.hub).netloc)
        answer = self.session.request(method, urlunsplit(parts), allow_redirects=False, timeout=60, **more)
        if parts.netloc == urlsplit(self.doors.hub).netloc:
            self.pages.append(answer.text)
            self.secrets.update(value for name, value in answer.cookies.items() if name != _OPEN and value)
        answer.url = urlunsplit(parts)
        return answer

    def visit(self, url: str) -> Seen:
        """Go to a page, and wherever it leads."""
        for _ in range(_HOPS):
            answer = self.ask("GET", url)
            if answer.status_code not in {301, 302, 303, 307}:
                return Seen(answer.status_code, answer.text, answer.url)
            url = urljoin(answer.url, answer.headers["Location"])
        raise AssertionError(f"no end of redirects at {url}")

    def to_provider(self) -> Seen:
        """Open the hub's login page and follow its link, unless the hub follows it by itself."""
        shown = self.visit("/hub/login?next=%2Fhub%2Fhome")
        link = _LINK.search(shown.text)
        return self.visit(unescape(link[1])) if link else shown

    def type_at_provider(self, form: Seen, name: str, password: str) -> requests.Response:
        """Send the provider's form; the answer leads back to the hub, or is a page of the provider."""
        typed = {"username": name, "password": password}
        return self.ask("POST", form.url, data=typed)

    def answer_of_provider(self, name: str, password: str) -> requests.Response:
        """Go from the hub to the provider and sign in there; the answer is not followed yet."""
        return self.type_at_provider(self.to_provider(), name, password)

    def sign_in(self, name: str, password: str) -> Seen:
        """Do all that a person does."""
        return self.follow(self.answer_of_provider(name, password))

    def follow(self, answer: requests.Response) -> Seen:
        """Go where an answer leads."""
        if answer.status_code == 302:
            return self.visit(answer.headers["Location"])
        return Seen(answer.status_code, answer.text, answer.url)

    def forget(self, *cookies: str) -> None:
        """Lose cookies by name."""
        jar: CookieJar = self.session.cookies
        for cookie in list(jar):
            if cookie.name in cookies:
                jar.clear(cookie.domain, cookie.path, cookie.name)

    def api(self, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 -- requests' own
        """Ask the hub's interface as its own pages do."""
        token = next((one.value for one in self.session.cookies if one.name == "_xsrf"), "")
        return self.ask(method, f"/hub/api{path}", headers={"X-XSRFToken": token or ""}, **more)

    def me(self) -> Mapping[str, Any] | None:
        """Ask the hub who this browser is signed in as; None: nobody."""
        answer = self.api("GET", "/user")
        assert answer.status_code in {200, 401, 403}, answer.text
        return answer.json() if answer.ok else None
