"""A real hub with its culler, and servers that report as ours do: what keeps a server, and what does not."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from chart.values import build
from tests.hub.running import More, RunningHub, running_hub
from tests.unit.documents import PROJECT, settings_of

CULLER, HAND = "jupyterhub-idle-culler", "hand"
IDLE = 20
# An open page, as the proxy counts it: something passes at every moment.
_THEN = """
from datetime import datetime, timezone

async def _traffic(self, *_, **__):
    now = datetime.now(timezone.utc).isoformat()
    data = lambda name: {"user": name, "server_name": "", "last_activity": now}
    return {f"/user/{name}/": {"routespec": f"/user/{name}/", "target": "", "data": data(name)}
            for name in %(names)r}

Absent.get_all_routes = _traffic
Absent.check_routes = _traffic
c.JupyterHub.last_activity_interval = 1
Idle.cmd = [sys.executable, %(server)r]
c.Spawner.environment = %(environment)r
"""
# Jupyter's server in small: its record of activity, kernels, and the module that every server gets.
_SERVER = """
import asyncio, json, os, pathlib, sys, urllib.parse
from datetime import datetime, timezone
from types import SimpleNamespace
from tornado.web import Application, RequestHandler

sys.path.insert(0, %(module)r)
import server_use, use_clock

place = urllib.parse.urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
name = os.environ["JUPYTERHUB_USER"]
state = "busy" if name == "busy" else "idle"
now = lambda: datetime.now(timezone.utc)
kernel = {"id": "k", "name": "a", "execution_state": state, "connections": 1}

class Kernels:
    cull_idle_timeout = 0
    list_kernels = staticmethod(lambda: [kernel])

async def no_sessions():
    return []

settings = {
    "started": now(),
    "kernel_manager": Kernels(),
    "session_manager": SimpleNamespace(list_sessions=no_sessions),
}
last = lambda: max(settings[key] for key in settings if key == "started" or key.endswith("_last_activity"))
web_app = SimpleNamespace(settings=settings, last_activity=last)
log = SimpleNamespace(warning=lambda *words: print(*words, flush=True))
use = server_use.Use(web_app, use_clock.Spans.given(os.environ), log)
# This machine runs other things than this server.
use.programs = SimpleNamespace(compute=lambda now: False)

class Asked(RequestHandler):
    async def get(self, *_):
        self.finish(await use.ends())

    async def post(self, *_):
        await use.keep([])
        self.finish({})

async def main():
    Application([("/.*", Asked)]).listen(place.port, place.hostname)
    pathlib.Path(%(folder)r, name).write_text(str(place.port))
    while True:
        await use.look()
        await asyncio.sleep(use.spans.again)

asyncio.run(main())
"""


@contextmanager
def hub_with_a_culler(folder: Path, names: list[str]) -> Iterator[RunningHub]:
    """Run the hub of `local`, where servers end soon, and its culler."""
    values = build(settings_of("local", {"culling": {"idle": f"{IDLE}s", "idleGpu": None, "every": "1s"}}))
    server = folder / "server.py"
    places = {"module": str(PROJECT / "files" / "server"), "folder": str(folder)}
    server.write_text(_SERVER % places)
    told = {"names": names, "server": str(server), "environment": values["singleuser"]["extraEnv"]}
    command = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE}", "--cull-every=1"]
    culls = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    hub = {
        **values["hub"],
        "services": {
            CULLER: {"command": command},
            HAND: {},
        },
        "loadRoles": {
            CULLER: {"scopes": culls, "services": [CULLER]},
            HAND: {"scopes": ["admin:users", "servers", "admin:servers"], "services": [HAND]},
        },
    }
    with running_hub(folder, hub, {}, More(values=values, then=_THEN % told, starts=True)) as running:
        yield running


def runs(hub: RunningHub, name: str) -> bool:
    servers: dict[str, Any] = hub.ask("GET", f"/users/{name}", HAND).json()["servers"]
    return bool(servers.get("", {}).get("ready"))


def asked(folder: Path, name: str, method: str) -> dict[str, Any]:
    port = (folder / name).read_text()
    found: dict[str, Any] = requests.request(method, f"http://127.0.0.1:{port}/server-use", timeout=30).json()
    return found


def until(said: str, holds: Any, seconds: float = 120) -> None:  # noqa: ANN401 -- anything to call
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, said
        time.sleep(1)


# One hub for all: what ends one server is what the others have to outlive.
def test_work_and_the_button_keep_a_server_and_an_open_page_does_not(tmp_path: Path) -> None:
    names = ["open", "busy", "kept"]
    with hub_with_a_culler(tmp_path, names) as hub:
        for name in names:
            assert hub.ask("POST", f"/users/{name}", HAND).ok
            assert hub.ask("POST", f"/users/{name}/server", HAND).ok
        for name in names:
            until(f"{name} does not start", lambda name=name: runs(hub, name))
        told: list[float] = []

        def ended() -> bool:
            asked(tmp_path, "kept", "POST")
            if runs(hub, "open"):
                # To look is no use: the lab asks all the time.
                (idle,) = asked(tmp_path, "open", "GET")["ends"]
                told.append(idle["left"])
                return False
            return True

        until("an open page keeps its server", ended)
        # It had been told: the time left fell below the notice's.
        assert min(told) < IDLE / 3
        assert runs(hub, "busy")
        assert runs(hub, "kept")
        # Left alone from now on, it goes the same way; the one that computes stays.
        until("a server that nobody keeps stays", lambda: not runs(hub, "kept"))
        assert runs(hub, "busy")
        assert hub.ask("DELETE", "/users/busy/server", HAND).ok
