"""The audit trail of a running hub, as its log has it, and browsers that make it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests

from tests.hub.running import RunningHub
from tests.unit.documents import PROJECT

Line = dict[str, Any]
SCHEMA = json.loads((PROJECT / "schemas" / "audit.schema.json").read_text())


def lines(hub: RunningHub) -> list[Line]:
    """Give the lines of the trail; each has the key by which a pipeline finds it."""
    # The line of a request is written after its answer: once the hub answers again, it is there. One that
    # was shut down writes nothing any more.
    with suppress(requests.ConnectionError):
        requests.get(f"{hub.url}/hub/api/", timeout=60)
    whole = hub.log.read_text(encoding="utf-8").splitlines()
    return [json.loads(one) for one in whole if one.startswith('{"audit":"v1"')]


def told(hub: RunningHub, wanted: Callable[[Line], bool], seconds: float = 15) -> Line:
    """Wait for a line of the trail."""
    end = time.monotonic() + seconds
    while True:
        for line in lines(hub):
            if wanted(line):
                return line
        assert time.monotonic() < end, "\n".join(map(str, lines(hub)[-20:]))
        time.sleep(0.1)


def browser(hub: RunningHub, address: str = "") -> requests.Session:
    """A browser that has seen the sign-in page; the proxy says that it is at this address."""
    session = requests.Session()
    if address:
        session.headers["X-Forwarded-For"] = address
    session.get(f"{hub.url}/hub/login", timeout=30)
    return session


def sign_in(hub: RunningHub, session: requests.Session, name: str, password: str) -> requests.Response:
    """Fill in the form of the sign-in page."""
    form = {"username": name, "password": password, "_xsrf": session.cookies["_xsrf"]}
    return session.post(f"{hub.url}/hub/login", data=form, timeout=30, allow_redirects=False)


def api(hub: RunningHub, session: requests.Session, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 -- requests' own
    """Ask the hub's API as the signed-in user's own pages do."""
    headers = {"X-XSRFToken": session.cookies.get("_xsrf", path="/hub/"), "Referer": f"{hub.url}/hub/home"}
    return session.request(method, f"{hub.url}/hub/api{path}", headers=headers, timeout=60, **more)
