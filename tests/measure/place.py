"""A hub that is visited as a browser does, and somebody who starts a server there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from tests.e2e.hub import tool

_LONGEST = 300.0


@dataclass(frozen=True)
class Place:
    """Where a hub answers, and the cluster that its servers run in."""

    url: str
    namespace: str
    env: Mapping[str, str]


@dataclass(frozen=True)
class Visitor:
    """Somebody who has signed in."""

    place: Place
    name: str
    session: requests.Session

    @classmethod
    def signs_in(cls, place: Place, password: str, name: str = "measured") -> Visitor:
        """Sign in by the hub's own form."""
        session = requests.Session()
        session.get(f"{place.url}/hub/login", timeout=30)
        token = next(cookie.value for cookie in session.cookies if cookie.name == "_xsrf")
        form = {"username": name, "password": password, "_xsrf": token}
        done = session.post(f"{place.url}/hub/login", data=form, timeout=30)
        done.raise_for_status()
        return cls(place, name, session)

    @property
    def pod(self) -> str:
        """The name of the server's pod."""
        return f"jupyter-{self.name}"

    def start(self, *, stop_after: bool = True) -> float:
        """Start a server and open JupyterLab; the seconds that it took."""
        began = time.monotonic()
        self._ask("POST", f"users/{self.name}/server").raise_for_status()
        with self._ask("GET", f"users/{self.name}/server/progress", stream=True) as told:
            for line in told.iter_lines():
                if line.startswith(b"data:") and json.loads(line[5:]).get("ready"):
                    break
        page = self.session.get(f"{self.place.url}/user/{self.name}/lab", timeout=60)
        took = time.monotonic() - began
        page.raise_for_status()
        assert urlsplit(page.url).path == f"/user/{self.name}/lab", page.url
        if stop_after:
            self.stop()
        return took

    def stop(self) -> None:
        """Stop the server, and wait until nothing of it is left."""
        self._ask("DELETE", f"users/{self.name}/server")
        end = time.monotonic() + _LONGEST
        while self._ask("GET", f"users/{self.name}").json().get("servers") or self._has_pod():
            assert time.monotonic() < end, f"the server of {self.name} does not stop"
            time.sleep(0.5)

    def _has_pod(self) -> bool:
        asked = ("get", "pod", self.pod, "--ignore-not-found", "--output", "name")
        return bool(tool(self.place.env, "kubectl", "--namespace", self.place.namespace, *asked))

    def _ask(self, method: str, path: str, *, stream: bool = False) -> requests.Response:
        token = next(
            cookie.value or ""
            for cookie in self.session.cookies
            if cookie.name == "_xsrf" and cookie.path == "/hub/"
        )
        return self.session.request(
            method,
            f"{self.place.url}/hub/api/{path}",
            headers={"X-XSRFToken": token},
            timeout=_LONGEST,
            stream=stream,
        )
