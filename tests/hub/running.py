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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

# What the chart's own configuration does with values, for the parts that need no cluster. The hub is asked
# directly: a proxy has nothing to do where nobody visits a server. Servers of users answer and do no more.
_CONFIG = """\
import json, pathlib, sys
from jupyterhub.app import JupyterHub
from jupyterhub.proxy import Proxy
from tornado.httpclient import AsyncHTTPClient
from jupyterhub.spawner import SimpleLocalProcessSpawner

class Absent(Proxy):
    should_start = False
    async def get_all_routes(self):
        return {}
    async def add_route(self, routespec, target, data):
        pass
    async def delete_route(self, routespec):
        pass

class Idle(SimpleLocalProcessSpawner):
    cmd = [sys.executable, str(pathlib.Path("idle.py").resolve())]
    async def start(self):
        if not given["starts"]:
            raise RuntimeError("nothing starts here")
        return await super().start()

given = json.loads(pathlib.Path("given.json").read_text())
for section, traits in given["config"].items():
    for trait, value in traits.items():
        c[section][trait] = value
c.JupyterHub.services = given["services"]
c.JupyterHub.load_roles = given["roles"]
c.JupyterHub.proxy_class = Absent
c.JupyterHub.spawner_class = Idle
c.JupyterHub.hub_bind_url = given["url"]
c.JupyterHub.cookie_secret = bytes.fromhex(given["cookie_secret"])
c.CryptKeeper.keys = [given["crypt_key"]]
if given["names"]:
    places = {(name, 443): ("127.0.0.1", port) for name, port in given["names"].items()}
    JupyterHub.init_pycurl = lambda self: None
    AsyncHTTPClient.configure("tornado.simple_httpclient.SimpleAsyncHTTPClient", hostname_mapping=places)

def get_config(path, default=None):
    found = given["values"]
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return default if found is None else found

c.KubeSpawner.profile_list = get_config("singleuser.profileList", [])
c.JupyterHub.allow_named_servers = get_config("hub.allowNamedServers", False)
c.JupyterHub.template_paths = get_config("hub.templatePaths", [])
c.JupyterHub.template_vars = get_config("hub.templateVars", {})
sys.path.insert(0, str(pathlib.Path("files").resolve()))
for name, code in sorted(get_config("hub.extraConfig", {}).items()):
    exec(code)
exec(given["then"])
"""
_IDLE = """\
import http.server, os, urllib.parse

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

place = urllib.parse.urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
http.server.ThreadingHTTPServer((place.hostname, place.port), Answer).serve_forever()
"""
# Where the chart mounts files of ours.
_MOUNTED = "/usr/local/etc/jupyterhub"
CLIENT_SECRET = "the secret of the application"
COOKIE_SECRET, CRYPT_KEY = "ab" * 32, "cd" * 32


@dataclass(frozen=True)
class More:
    """What a hub has beyond its section of the values."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """All values of the stack: then the files and the code that they bring run in the hub, too."""
    names: Mapping[str, int] = field(default_factory=dict)
    """Names that the hub finds on loopback, at the port that each stands for."""
    then: str = ""
    """Code that runs last in the hub's configuration."""
    starts: bool = False
    """Whether servers of users start: processes that answer and do no more."""


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
    folder: Path,
    hub: Mapping[str, Any],
    config: Mapping[str, Mapping[str, Any]],
    more: More | None = None,
) -> Iterator[RunningHub]:
    """Run a hub with the section `hub` of a stack's values; `config` is laid over `hub.config`."""
    more = more or More()
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
        "cookie_secret": COOKIE_SECRET,
        "crypt_key": CRYPT_KEY,
        "values": more.values,
        "names": more.names,
        "then": more.then,
        "starts": more.starts,
    }
    mounted = folder / "files"
    _mount(mounted, more.values.get("hub", {}).get("extraFiles", {}))
    (folder / "given.json").write_text(json.dumps(given).replace(_MOUNTED, str(mounted)))
    (folder / "jupyterhub_config.py").write_text(_CONFIG)
    (folder / "idle.py").write_text(_IDLE)
    log = folder / "hub.log"
    with log.open("a") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", "jupyterhub_config.py"],
            cwd=folder,
            env={**os.environ, "OAUTH_CLIENT_SECRET": CLIENT_SECRET},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(url, process, log)
        yield RunningHub(url, tokens, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _mount(place: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    place.mkdir()
    for entry in files.values():
        if entry["mountPath"].startswith(_MOUNTED) and "stringData" in entry:
            file = place / Path(entry["mountPath"]).relative_to(_MOUNTED)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(entry["stringData"])


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
