"""A real JupyterHub as a process of this machine: settings from a stack's values, no proxy, no cluster."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

# What the chart's own configuration does with values, for the parts that need no cluster. The hub is asked
# directly: a proxy has nothing to do where no server of a user ever listens.
_CONFIG = """\
import json, pathlib
from jupyterhub.proxy import Proxy
from jupyterhub.spawner import SimpleLocalProcessSpawner

class Absent(Proxy):
    should_start = False
    async def get_all_routes(self):
        return {}
    async def add_route(self, routespec, target, data):
        pass
    async def delete_route(self, routespec):
        pass

class Counting(SimpleLocalProcessSpawner):
    async def start(self):
        raise RuntimeError("nothing starts here")

given = json.loads(pathlib.Path("given.json").read_text())
for section, traits in given["config"].items():
    for trait, value in traits.items():
        c[section][trait] = value
c.JupyterHub.services = given["services"]
c.JupyterHub.load_roles = given["roles"]
c.JupyterHub.proxy_class = Absent
c.JupyterHub.spawner_class = Counting
c.JupyterHub.hub_bind_url = given["url"]
c.JupyterHub.cookie_secret = bytes.fromhex(given["cookie_secret"])
c.CryptKeeper.keys = [given["crypt_key"]]
"""


@dataclass(frozen=True)
class RunningHub:
    """Where it answers, and what its services' tokens are."""

    url: str
    tokens: Mapping[str, str]
    log: Path

    def ask(self, method: str, path: str, service: str, **more: Any) -> requests.Response:  # noqa: ANN401 -- requests' own
        """Ask its API with a service's token."""
        headers = {"Authorization": f"token {self.tokens[service]}"}
        return requests.request(method, f"{self.url}/hub/api{path}", headers=headers, timeout=30, **more)


@contextmanager
def running_hub(
    folder: Path, hub: Mapping[str, Any], config: Mapping[str, Mapping[str, Any]]
) -> Iterator[RunningHub]:
    """Run a hub with the section `hub` of a stack's values; `config` is laid over `hub.config`."""
    services = hub.get("services", {})
    tokens = {name: f"{number:064x}" for number, name in enumerate(services, start=1)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    sections = {
        name: {**hub["config"].get(name, {}), **config.get(name, {})} for name in {*hub["config"], *config}
    }
    given = {
        "config": sections,
        "services": [{**one, "name": name, "api_token": tokens[name]} for name, one in services.items()],
        "roles": [{**role, "name": name} for name, role in hub.get("loadRoles", {}).items()],
        "url": url,
        "cookie_secret": "ab" * 32,
        "crypt_key": "cd" * 32,
    }
    (folder / "given.json").write_text(json.dumps(given))
    (folder / "jupyterhub_config.py").write_text(_CONFIG)
    log = folder / "hub.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", "jupyterhub_config.py"],
            cwd=folder,
            env={**os.environ, "OAUTH_CLIENT_SECRET": "the secret of the application"},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(url, process, log)
        yield RunningHub(url, tokens, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            if requests.get(f"{url}/hub/api/", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-4000:])
