"""A hub that is visited as a browser does, and somebody who starts a server there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from tests.e2e.form import cross_site_token, sign_in
from tests.e2e.hub import tool

_LONGEST = 300.0


@dataclass(frozen=True)
class Place:
    """Where a hub answers, and the cluster that its servers run in."""

    url: str
    namespace: str
    env: Mapping[str, str]
    # What its page of a start sends; a hub without choices starts by a visit of that page.
    form: Mapping[str, str] = field(default_factory=dict)

    def kubectl(self, *args: str) -> str:
        """Run kubectl in the namespace of the hub."""
        return tool(self.env, "kubectl", "--namespace", self.namespace, *args)


@dataclass(frozen=True)
class Clicked:
    """The visitor's own moments of one start, by the wall clock that the node shares."""

    click: float
    told: float
    usable: float

    @property
    def seconds(self) -> float:
        """From the click to a usable JupyterLab."""
        return self.usable - self.click


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
        sign_in(session, place.url, name, password)
        return cls(place, name, session)

    @property
    def pod(self) -> str:
        """The name of the server's pod."""
        return f"jupyter-{self.name}"

    def start(self) -> Clicked:
        """Start a server by the hub's pages, as a browser loads them, and open JupyterLab."""
        page = f"{self.place.url}/hub/spawn/{self.name}"
        form = self.place.form and {**self.place.form, "_xsrf": cross_site_token(self.session)}
        click = time.time()
        # What a click asks for leads to the page of a start, or to the server if that was quicker.
        begun = self.session.request("POST" if form else "GET", page, data=form or None, timeout=60)
        begun.raise_for_status()
        self._wait_for_the_event()
        told = time.time()
        lab = self.session.get(f"{self.place.url}/hub/spawn-pending/{self.name}", timeout=60)
        usable = time.time()
        lab.raise_for_status()
        assert urlsplit(lab.url).path == f"/user/{self.name}/lab", lab.url
        return Clicked(click, told, usable)

    def image(self) -> str:
        """Start a server to see which image it has."""
        self.start()
        try:
            return self.place.kubectl(
                "get", "pod", self.pod, "--output", "jsonpath={.spec.containers[0].image}"
            )
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop the server, and wait until nothing of it is left."""
        self._ask("DELETE", f"users/{self.name}/server")
        end = time.monotonic() + _LONGEST
        while self._ask("GET", f"users/{self.name}").json().get("servers") or self._has_pod():
            assert time.monotonic() < end, f"the server of {self.name} does not stop"
            time.sleep(0.5)

    def _wait_for_the_event(self) -> None:
        with self._ask("GET", f"users/{self.name}/server/progress", stream=True) as told:
            for line in told.iter_lines():
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    assert not event.get("failed"), event
                    if event.get("ready"):
                        return

    def _has_pod(self) -> bool:
        return bool(self.place.kubectl("get", "pod", self.pod, "--ignore-not-found", "--output", "name"))

    def _ask(self, method: str, path: str, *, stream: bool = False) -> requests.Response:
        return self.session.request(
            method,
            f"{self.place.url}/hub/api/{path}",
            headers={"X-XSRFToken": cross_site_token(self.session)},
            timeout=_LONGEST,
            stream=stream,
        )
