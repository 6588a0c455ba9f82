"""JupyterLab without a hub: in a pod that is there already, and in a pod of its own."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import requests

from tests.e2e.hub import tool
from tests.measure.phases import Start, of_log, of_pod, start_of
from tests.measure.place import Place
from tests.measure.witness import Witness, logged, watching

_THERE = "measured-there"
_ITS_OWN = "measured-alone"
_LONGEST = 300.0
_SOON = 0.02
_LAB = ("jupyter", "lab", "--no-browser")
# Runs in the pod that is there: the wall clock at the start, at what the log says, and at the first page.
_IN_A_POD = """\
import json, subprocess, sys, threading, time, urllib.request
told = {"click": time.time()}
server = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
def listen():
    for line in server.stderr:
        if "extension was successfully linked" in line:
            told.setdefault("imported", time.time())
        if "is running at:" in line:
            told.setdefault("listening", time.time())
listening = threading.Thread(target=listen)
listening.start()
while "usable" not in told:
    try:
        urllib.request.urlopen("http://127.0.0.1:8897/lab", timeout=60).read()
        told["usable"] = time.time()
    except OSError:
        time.sleep(0.02)
server.terminate()
listening.join()
print(json.dumps(told))
"""


@contextmanager
def pod_that_is_there(place: Place, image: str) -> Iterator[None]:
    """Keep a pod of the image that does nothing."""
    _make(place, _THERE, image, ["sleep", "infinity"])
    try:
        place.kubectl("wait", "--for=condition=Ready", "--timeout=180s", f"pod/{_THERE}")
        yield
    finally:
        place.kubectl("delete", "pod", _THERE, "--now")


def in_a_pod_that_is_there(place: Place) -> Start:
    """Start JupyterLab where nothing else has to be made, and load its page."""
    command = (*_LAB, "--ip=127.0.0.1", "--port=8897", "--IdentityProvider.token=")
    ran = place.kubectl("exec", _THERE, "--", "python3", "-c", _IN_A_POD, *command)
    return start_of(json.loads(ran.splitlines()[-1]))


def in_a_pod_of_its_own(place: Place, image: str) -> Start:
    """Make a pod whose program is JupyterLab, and load its page."""
    # The pod's address is open to the node while this lasts.
    token = secrets.token_hex(16)
    with watching(place) as witness:
        click = time.time()
        _make(place, _ITS_OWN, image, [*_LAB, "--ip=0.0.0.0", "--port=8888"], JUPYTER_TOKEN=token)
        try:
            usable = _first_page(witness, token)
            lines = logged(place, _ITS_OWN, since=click)
            told = {**of_pod(witness, _ITS_OWN), **of_log(lines)}
            return start_of({"click": click, **told, "usable": usable})
        finally:
            place.kubectl("delete", "pod", _ITS_OWN, "--now")


def _first_page(witness: Witness, token: str) -> float:
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            if address := witness.address(_ITS_OWN):
                page = requests.get(f"http://{address}:8888/lab", params={"token": token}, timeout=60)
                page.raise_for_status()
                return time.time()
        time.sleep(_SOON)
    raise AssertionError("JupyterLab alone did not answer")


def _make(place: Place, name: str, image: str, command: list[str], **env: str) -> None:
    given = json.dumps(_pod(name, image, command, env))
    tool(place.env, "kubectl", "--namespace", place.namespace, "create", "--filename=-", given=given)


def _pod(name: str, image: str, command: list[str], env: Mapping[str, str]) -> dict[str, Any]:
    told = [{"name": key, "value": value} for key, value in env.items()]
    container = {"name": "lab", "image": image, "args": command, "env": told}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], "automountServiceAccountToken": False},
    }
