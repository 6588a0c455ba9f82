"""Follow one kind of object: list, then watch from there, for as long as the process lives."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from embedded.console import say
from embedded.netpol.api import CONNECT_SECONDS, SILENCE_SECONDS, WATCH_SECONDS, Access

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
GONE = 410
Json = Mapping[str, Any]


class Store(Protocol):
    """Where a watcher leaves what it learns."""

    def replace(self, documents: list[Json]) -> None:
        """Take over a full list: what is not in it does not exist."""

    def put(self, document: Json) -> None:
        """Add or change one object."""

    def drop(self, document: Json) -> None:
        """Forget one object."""


class Expired(Exception):
    """The server no longer knows the version we want to continue from: list again."""


@dataclass
class Watcher:
    """Keeps a store equal to what the API server has at one path."""

    access: Access
    path: str
    store: Store
    pause: Callable[[float], object] = threading.Event().wait

    def run(self) -> None:
        """Follow for ever; failures end in a pause that grows, and are said once until it works again."""
        session = self.access.session()
        wait = SHORTEST_PAUSE
        while True:
            try:
                version = self._list(session)
                while True:
                    version = self._watch(session, version)
                    wait = SHORTEST_PAUSE
                    self.pause(SHORTEST_PAUSE)
            except Expired:
                self.pause(SHORTEST_PAUSE)
            # Whatever it was: a watcher that ended would leave the rules of that moment in force for good.
            except Exception as error:
                if wait == SHORTEST_PAUSE:
                    say(f"{self.path}: {type(error).__name__}: {str(error)[:300]}; trying again")
                self.pause(wait)
                wait = min(wait * 2, LONGEST_PAUSE)

    def _list(self, session: requests.Session) -> str:
        with session.get(
            self.access.server + self.path, timeout=(CONNECT_SECONDS, SILENCE_SECONDS)
        ) as answer:
            answer.raise_for_status()
            document = answer.json()
        self.store.replace(document.get("items") or [])
        return str(document["metadata"]["resourceVersion"])

    def _watch(self, session: requests.Session, version: str) -> str:
        """Apply events as they come, until the server ends the stream; the version to go on from."""
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        timeout = (CONNECT_SECONDS, SILENCE_SECONDS)
        with session.get(
            self.access.server + self.path, params=query, stream=True, timeout=timeout
        ) as answer:
            if answer.status_code == GONE:
                raise Expired
            answer.raise_for_status()
            # Without a chunk size lines come when they arrive, not when a buffer is full.
            for line in answer.iter_lines(chunk_size=None):
                version = self._apply(json.loads(line)) if line else version
        return version

    def _apply(self, event: Json) -> str:
        kind, document = event["type"], event["object"]
        if kind == "ERROR":
            # 410 by far most often; a fresh list is right after any other error too.
            raise Expired
        if kind == "DELETED":
            self.store.drop(document)
        elif kind in ("ADDED", "MODIFIED"):
            self.store.put(document)
        return str(document["metadata"]["resourceVersion"])
