"""Somebody's home in a stack without a door: asked of the hub in its own pod, read in the user's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.e2e.keeping import Deployment

# What an administrator does, by the hub's API; each errand waits until the hub says that it is done.
_ERRAND = """
import json, subprocess, sys, time, urllib.error, urllib.request
errand, name = sys.argv[1:]
program = "/usr/local/etc/jupyterhub/break_glass.py"
make = f"python3 {program} make --minutes 5 --purpose test --operator test".split()
made = subprocess.run(make, check=True, capture_output=True, text=True).stdout
token = json.loads(made.splitlines()[-1])["token"]
user = f"http://127.0.0.1:8081/hub/api/users/{name}"

def ask(method, address, *fine):
    asked = urllib.request.Request(address, method=method, headers={"Authorization": f"token {token}"})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        if refused.code in fine:
            return None
        sys.exit(f"{method} {address}: {refused.code} {refused.read().decode()}")

def server():
    return ((ask("GET", user, 404) or {}).get("servers") or {}).get("") or {}

def wait(done, what):
    end = time.monotonic() + 180
    while not done():
        if time.monotonic() > end:
            sys.exit(f"{name}: not {what} after 180 s: {server()}")
        time.sleep(0.3)

if errand == "start":
    ask("POST", user, 409)
    ask("POST", f"{user}/server")
    wait(lambda: server().get("ready") or not server(), "ready")
    if not server():
        sys.exit(f"{name}: the start failed")
elif errand == "stop":
    ask("DELETE", f"{user}/server")
    wait(lambda: not server(), "stopped")
else:
    ask("DELETE", user)
    wait(lambda: ask("GET", user, 404) is None, "deleted")
print(json.dumps(server()))
"""
# Hidden, in a folder, executable, empty, with a name that is not ASCII: what a careless keeper changes.
_WRITE = """
import os, pathlib
place = pathlib.Path("a folder/.hidden \\u00e9")
place.parent.mkdir(mode=0o750)
place.write_bytes(os.urandom(3_000_000))
place.chmod(0o751)
pathlib.Path("empty").touch(mode=0o600)
"""
_LOOK = """
import hashlib, json, pathlib
found = {}
for place in [pathlib.Path("a folder"), *pathlib.Path("a folder").iterdir(), pathlib.Path("empty")]:
    data = place.read_bytes() if place.is_file() else b""
    found[str(place)] = [hashlib.sha256(data).hexdigest(), len(data), oct(place.stat().st_mode)]
print(json.dumps(found, sort_keys=True))
"""


@dataclass(frozen=True)
class KeptHome:
    """The home of somebody whom an administrator makes, deletes and starts a server for."""

    made: Deployment
    name: str

    @property
    def claim(self) -> str:
        """The claim's name, as the spawner gives it."""
        return f"claim-{self.name}"

    @property
    def volume(self) -> str:
        """The claim's own mark and its volume's name: another claim of the name has others."""
        wanted = "jsonpath={.metadata.uid} {.spec.volumeName} {.metadata.deletionTimestamp}"
        return self.made.kubectl("get", "pvc", self.claim, "-o", wanted)

    def start(self) -> None:
        """Start the server, for a user who may have to be made first."""
        self._errand("start")

    def stop(self) -> None:
        """Stop the server, and wait until it is gone."""
        self._errand("stop")

    def delete_user(self) -> None:
        """Delete the user from the hub."""
        self._errand("delete")

    def write(self) -> None:
        """Put files into the home, from the user's own server."""
        self._python(_WRITE)

    def look(self) -> dict[str, Any]:
        """Give digest, size and mode of everything that was written, as the user's server has it."""
        found: dict[str, Any] = json.loads(self._python(_LOOK))
        assert len(found) == 3, found
        return found

    def seen_anew(self) -> dict[str, Any]:
        """Start a server, look, and stop it again."""
        self.start()
        found = self.look()
        self.stop()
        return found

    def _errand(self, word: str) -> None:
        told = self.made.try_kubectl("exec", "deploy/hub", "--", "python3", "-c", _ERRAND, word, self.name)
        log = "" if told.ok else self.made.kubectl("logs", "deploy/hub", "--tail=60", check=False)
        assert told.ok, f"{word} {self.name}: {told.text[-2000:]}\n{log}"

    def _python(self, script: str) -> str:
        pod = f"jupyter-{self.name}"
        return self.made.kubectl("exec", pod, "-c", "notebook", "--", "python3", "-c", script)
