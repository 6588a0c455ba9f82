"""A hub behind a proxy that heeds hosts, over TLS, as the chart's is with a host for each user.

The proxy is one of the hub's process. Servers are processes that ask the hub who comes, by the same class as
a single-user server.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from chart.values import build
from embedded.node import pki
from settings.door import hosts, url
from tests.hub.running import More, RunningHub, running_hub
from tests.unit.documents import settings
from tests.unit.world_services import free_port

PASSWORD = "what all testers type"
_PROXY = """
import ssl
from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import Application, RequestHandler

class Pass(RequestHandler):
    def check_xsrf_cookie(self):
        pass

    async def pass_on(self):
        host, _, _ = self.request.host.partition(":")
        asked_for = host + self.request.path
        best = max((one for one in ROUTES if asked_for.startswith(one)), key=len, default="/")
        self.request.headers["X-Forwarded-Proto"] = "https"
        asked = HTTPRequest(
            ROUTES[best] + self.request.uri, method=self.request.method, headers=self.request.headers,
            body=self.request.body or None, follow_redirects=False, allow_nonstandard_methods=True,
            request_timeout=60)
        answer = await SimpleAsyncHTTPClient(force_instance=True).fetch(asked, raise_error=False)
        self.set_status(answer.code)
        self.clear_header("Content-Type")
        for name, value in answer.headers.get_all():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.add_header(name, value)
        self.finish(answer.body or None)

    get = post = put = delete = pass_on

ROUTES = {"/": given["url"]}

class ByHost(Proxy):
    async def start(self):
        keeper = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        keeper.load_cert_chain(PAIR[0], PAIR[1])
        Application([(".*", Pass)]).listen(PORT, "127.0.0.1", ssl_options=keeper)

    async def get_all_routes(self):
        return {one: {"routespec": one, "target": ROUTES[one], "data": DATA.get(one, {})} for one in ROUTES}

    async def add_route(self, routespec, target, data):
        ROUTES[routespec], DATA[routespec] = target, data

    async def delete_route(self, routespec):
        ROUTES.pop(routespec, None)

DATA = {}
c.JupyterHub.proxy_class = ByHost
Idle.cmd = [sys.executable, SERVER]
"""
_SERVER = """
import json, os
from urllib.parse import urlsplit
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler, authenticated

class Page(HubOAuthenticated, RequestHandler):
    @authenticated
    def get(self):
        self.finish({"server": os.environ["JUPYTERHUB_USER"], "visitor": self.current_user["name"]})

base = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
pages = [(base + "oauth_callback", HubOAuthCallbackHandler), (".*", Page)]
place = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
Application(pages, cookie_secret=os.urandom(32)).listen(place.port, place.hostname)
IOLoop.current().start()
"""


@dataclass(frozen=True)
class Routed:
    """The hub, its host, and the authority of its certificate."""

    hub: RunningHub
    url: str
    host: str
    port: int
    authority: Path

    def at(self, label: str) -> str:
        """Give the address of a user's host."""
        return f"https://{label}.{self.host}:{self.port}"

    def browser(self) -> requests.Session:
        """Give a browser that shares nothing with others."""
        made = requests.Session()
        # Else an authority that the environment names would take the place of this one.
        made.trust_env = False
        made.verify = str(self.authority)
        return made

    def signed_in(self, name: str) -> requests.Session:
        """Let somebody sign in at the hub's host."""
        browser = self.browser()
        page = browser.get(self.url, timeout=30)
        assert page.url.startswith(f"{self.url}/hub/login")
        token = next(one.value for one in browser.cookies if one.name == "_xsrf")
        form = {"username": name, "password": PASSWORD, "_xsrf": token}
        done = browser.post(f"{self.url}/hub/login", data=form, timeout=60, allow_redirects=False)
        assert done.status_code == 302, done.text
        return browser

    def in_server(self, name: str) -> tuple[requests.Session, requests.Response]:
        """Let somebody sign in and start a server; gives the browser and the server's page."""
        browser = self.signed_in(name)
        page = browser.get(f"{self.url}/hub/spawn", timeout=60)
        while page.url.startswith(f"{self.url}/hub/spawn-pending"):
            page = browser.get(page.url, timeout=60)
        return browser, page


@contextmanager
def routed(folder: Path) -> Iterator[Routed]:
    """Run the hub of `local` with a host for each user."""
    port = free_port()
    chosen = settings({"ingress": {"userSubdomains": True, "port": port}})
    values: dict[str, Any] = build(chosen)
    pair = pki.ingress_certificate(folder, *hosts(chosen.ingress))
    server = folder / "server.py"
    server.write_text(_SERVER)
    facts = {"PAIR": [str(pair.certificate), str(pair.key)], "PORT": port, "SERVER": str(server)}
    then = "".join(f"{name} = {value!r}\n" for name, value in facts.items()) + _PROXY
    config = {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}
    more = More(values=values, starts=True, then=then)
    with running_hub(folder, values["hub"], config, more) as hub:
        address = url(chosen.ingress, chosen.tls)
        yield Routed(hub, address, chosen.ingress.host, port, pki.ingress_authority(folder).certificate)


def found_here(*asked: Any, **more: Any) -> Any:  # noqa: ANN401 -- the socket module's own
    """Resolve every name to this machine, as a wildcard of DNS does."""
    host, *others = asked
    return _ASK("127.0.0.1" if str(host).endswith(".localhost") else host, *others, **more)


_ASK = socket.getaddrinfo
