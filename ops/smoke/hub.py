"""The hub's API as the service of `ops smoke` sees it: one user, and that user's server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ops.smoke.outcome import Failed
from ops.smoke.way import Answer, Way
from settings.smoke import USER

Json = dict[str, Any]
SERVER = f"/user/{USER}"
_SECONDS_BETWEEN = 1.0
_STOPPING = 180.0
_REFUSED = (401, 403)
_GONE = 404


@dataclass(frozen=True)
class Hub:
    """The public address, and the token by which the hub knows us."""

    way: Way
    token: str = field(repr=False)
    own_host: bool = False
    """Whether each user's servers have a host of their own."""

    @property
    def headers(self) -> dict[str, str]:
        """Give what says who asks."""
        return {"Authorization": f"token {self.token}"}

    def ask(self, method: str, path: str, given: object = None) -> Answer:
        """Ask the hub's API."""
        return self.way.ask(method, f"/hub/api{path}", self.headers, given)

    def server(self, method: str, path: str, given: object = None) -> Answer:
        """Ask the user's own server, from outside as well."""
        return self.door().ask(method, f"{SERVER}{path}", self.headers, given)

    def door(self) -> Way:
        """Give the way to the user's server: where it has a host of its own, the hub says at which."""
        told = str((self.running() or {}).get("url") or "") if self.own_host else ""
        host = urlsplit(told).hostname
        if host is None:
            return self.way
        if not host.endswith(f".{self.way.host}"):
            # Our token goes there.
            raise Failed(
                f"the hub says that servers are at {host}",
                f"The settings have them below {self.way.host}: people are led somewhere else.",
                "Was the stack deployed as it stands? `pulumi preview --diff` tells.",
            )
        return self.way.at(host)

    def user(self) -> Json | None:
        """Give what the hub knows of the user, or None where there is none."""
        answer = self.ask("GET", f"/users/{USER}")
        found = answer.json()
        if answer.status == _GONE:
            return None
        if answer.status in _REFUSED or not isinstance(found, dict):
            raise refused("tell of its user", answer)
        return found

    def running(self) -> Json | None:
        """Give the user's server, if it runs, starts or stops."""
        found: Json = ((self.user() or {}).get("servers") or {}).get("") or {}
        return found if found.get("ready") or found.get("pending") or found.get("url") else None

    def connections(self) -> int:
        """Count who is connected to kernels of the server; a server that says nothing has nobody."""
        found = self.server("GET", "/api/status").json()
        return int(found.get("connections", 0)) if isinstance(found, dict) else 0

    def stop(self) -> None:
        """Stop the server and wait until it is gone."""
        self._settled(lambda server: server.get("pending") != "spawn")
        if self.running():
            answer = self.ask("DELETE", f"/users/{USER}/server")
            if not _fine(answer) and answer.status != _GONE:
                raise refused("stop the server", answer)
            self._settled(lambda server: not server)

    def _settled(self, done: Callable[[Json], bool]) -> None:
        end = time.monotonic() + _STOPPING
        while not done(self.running() or {}):
            if time.monotonic() > end:
                raise Failed(
                    f"the hub did not finish with the server within {_STOPPING:.0f} s",
                    "Servers of other people may hang in the same way.",
                    "Look at the hub: `kubectl logs deployment/hub --tail=50` in its namespace.",
                )
            time.sleep(_SECONDS_BETWEEN)

    def make_user(self) -> None:
        """Make the account."""
        answer = self.ask("POST", f"/users/{USER}")
        if not _fine(answer):
            raise refused("make its user", answer)

    def remove_user(self) -> None:
        """Remove the account; one that is not there is gone already."""
        answer = self.ask("DELETE", f"/users/{USER}")
        if not _fine(answer) and answer.status != _GONE:
            raise refused("remove its user", answer)


def _fine(answer: Answer) -> bool:
    return answer.status // 100 == 2


def said(answer: Answer) -> str:
    """Give the hub's own words in an answer."""
    found = answer.json()
    words = found.get("message") if isinstance(found, dict) else None
    return f"{answer.status} {words}".strip() if words else str(answer.status)


def refused(what: str, answer: Answer) -> Failed:
    """Say that the hub does not do it."""
    return Failed(
        f"the hub does not {what}: {said(answer)}",
        "What comes behind it cannot be tried.",
        "Read the hub's log: `kubectl logs deployment/hub --tail=50` in its namespace.",
    )
