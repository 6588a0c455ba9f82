"""A kernel of the user's server, by the same websocket that a browser opens."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.smoke.channel import Channel, Closed, NotOpened
from ops.smoke.hub import SERVER, Hub, said
from ops.smoke.outcome import Failed
from ops.smoke.way import Unreachable, words_of

Json = dict[str, Any]
_FOLLOWS = "People sign in and get a server, and no cell of theirs runs."


class CellFailed(Exception):
    """What the cell raised, or that it did not end."""


@dataclass
class Kernel:
    """One that runs, with a channel to it."""

    channel: Channel
    session: str

    def run(self, code: str, seconds: float = 60) -> str:
        """Run a cell and give what it wrote to stdout."""
        asked = _request(code, self.session)
        try:
            self.channel.send(json.dumps(asked))
        except Closed as closed:
            raise CellFailed(str(closed)) from closed
        written: list[str] = []
        end = time.monotonic() + seconds
        waiting = {"execute_reply", "idle"}
        while waiting:
            message = self._next(end)
            if message.get("parent_header", {}).get("msg_id") == asked["header"]["msg_id"]:
                waiting.discard(_heard(message, written))
        return "".join(written)

    def _next(self, end: float) -> Json:
        try:
            found = json.loads(self.channel.receive(end))
        except TimeoutError as late:
            raise CellFailed("it did not end in time") from late
        except (OSError, Closed) as closed:
            raise CellFailed("the connection broke off") from closed
        return found if isinstance(found, dict) else {}


def _heard(message: Json, written: list[str]) -> str:
    """Take a message in; give which of the two ends of a cell it is."""
    kind, content = message.get("msg_type") or message["header"]["msg_type"], message.get("content", {})
    if kind == "stream" and content.get("name") == "stdout":
        written.append(content["text"])
    if kind == "error":
        raise CellFailed(f"{content.get('ename')}: {content.get('evalue')}")
    return "idle" if content.get("execution_state") == "idle" else str(kind)


@contextmanager
def kernel(hub: Hub) -> Iterator[Kernel]:
    """Start a kernel, connect to it, and end it afterwards."""
    answer = hub.server("POST", "/api/kernels", {})
    made = answer.json()
    if not isinstance(made, dict) or "id" not in made:
        raise Failed(
            f"the server starts no kernel: {said(answer)}",
            _FOLLOWS,
            "Look at the server's log: `kubectl logs -l component=singleuser-server --tail=50`.",
        )
    try:
        session = uuid.uuid4().hex
        with closing(_channel(hub, str(made["id"]), session)) as channel:
            yield Kernel(channel, session)
    finally:
        hub.server("DELETE", f"/api/kernels/{made['id']}")


def _channel(hub: Hub, kernel_id: str, session: str) -> Channel:
    way = hub.door()
    address = f"{way.url}{SERVER}/api/kernels/{kernel_id}/channels?session_id={session}"
    try:
        return Channel(way.connected(), address.replace("http", "ws", 1), hub.headers)
    except NotOpened as refused:
        raise _closed(str(refused)) from refused
    except OSError as error:
        raise Unreachable(f"{way.host}: {words_of(error)}") from error


def _closed(why: str) -> Failed:
    return Failed(
        f"no websocket to the kernel through {SERVER}: {why}",
        _FOLLOWS,
        "See whether what stands before the hub (ingress, load balancer, firewall) lets websockets through.",
    )


def _request(code: str, session: str) -> Json:
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "",
        "session": session,
        "date": datetime.now(tz=UTC).isoformat(),
        "version": "5.3",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": False,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    return {
        "channel": "shell",
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }
