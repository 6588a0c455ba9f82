"""A person at a hub without a browser: signs in by the form, takes a token, starts and stops the server."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import requests

from ops.smoke.channel import Channel
from ops.smoke.kernel import Kernel
from ops.smoke.way import Detour, Way
from tests.e2e.form import cross_site_token, sign_in
from tests.e2e.hub import Hub, https_port

Json = dict[str, Any]
_SECONDS = 120.0


@dataclass(frozen=True)
class Person:
    """Somebody with a token of their own, and all rights over themselves alone."""

    hub: Hub
    name: str
    token: str
    session: requests.Session

    @classmethod
    def signed_in(cls, hub: Hub, name: str) -> Person:
        """Sign in with the password that all share, and take a token."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(hub.authority)
        # The node's ingress is at the loopback, whatever the host's name.
        session.headers["Host"] = hub.url.removeprefix("https://")
        base = f"https://127.0.0.1:{https_port()}"
        sign_in(session, base, name, hub.password)
        made = session.post(
            f"{base}/hub/api/users/{name}/tokens",
            headers={"X-XSRFToken": cross_site_token(session)},
            json={"note": "tests", "expires_in": 3600},
            timeout=30,
        )
        assert made.ok, made.text
        return cls(hub, name, made.json()["token"], session)

    def ask(self, method: str, path: str, given: object = None) -> requests.Response:
        """Ask the hub, or the own server, through the ingress."""
        # Without the cookies: with a token alone no cross-site check is made.
        return requests.request(
            method,
            f"https://127.0.0.1:{https_port()}{path}",
            headers={"Authorization": f"token {self.token}", "Host": str(self.session.headers["Host"])},
            json=given,
            verify=str(self.hub.authority),
            timeout=60,
        )

    def start(self, profile: str = "cpu-only") -> None:
        """Start the server and wait until it answers."""
        begun = self.ask("POST", f"/hub/api/users/{self.name}/server", {"profile": profile})
        assert begun.status_code in (201, 202), begun.text
        end = time.monotonic() + _SECONDS
        while not self._server().get("ready"):
            assert time.monotonic() < end, self.told()
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop the server and wait until it is gone."""
        gone = self.ask("DELETE", f"/hub/api/users/{self.name}/server", {"remove": False})
        assert gone.status_code in (202, 204, 404), gone.text
        end = time.monotonic() + _SECONDS
        while self._server():
            assert time.monotonic() < end, self.told()
            time.sleep(0.3)

    def told(self) -> str:
        """What pod and events say, for a test that fails."""
        return self.hub.kubectl("get", "events", "--sort-by=.lastTimestamp") + self.hub.kubectl(
            "logs", self.pod, "--tail=40", check=False
        )

    def _server(self) -> Json:
        answer = self.ask("GET", f"/hub/api/users/{self.name}")
        found: Json = (answer.json().get("servers") or {}).get("") or {}
        return found

    @property
    def pod(self) -> str:
        """Name of the pod of the server that runs."""
        return str(self.described()["metadata"]["name"])

    def described(self) -> Json:
        """Give the pod as the cluster has it."""
        pods = json.loads(self.hub.kubectl("get", "pods", "-l", "component=singleuser-server", "-o", "json"))
        for one in pods["items"]:
            if one["metadata"]["annotations"]["hub.jupyter.org/username"] == self.name:
                found: Json = one
                return found
        return {"metadata": {"name": "none"}}

    def run(self, *command: str, check: bool = True) -> str:
        """Run a program in the server's container, as the user."""
        return self.hub.kubectl("exec", self.pod, "-c", "notebook", "--", *command, check=check)

    def cell(self, code: str, seconds: float = 60) -> str:
        """Run a cell in a new kernel, by the websocket that a browser opens, and give what it printed."""
        made = self.ask("POST", f"/user/{self.name}/api/kernels", {}).json()
        session = uuid.uuid4().hex
        trust = ssl.create_default_context(cafile=str(self.hub.authority))
        way = Way(self.hub.url, (Detour("", "", "127.0.0.1", str(https_port())),), trust)
        path = f"/user/{self.name}/api/kernels/{made['id']}/channels?session_id={session}"
        headers = {"Authorization": f"token {self.token}"}
        address = self.hub.url.replace("http", "ws", 1) + path
        with closing(Channel(way.connected(), address, headers)) as channel:
            return Kernel(channel, session).run(code, seconds)
