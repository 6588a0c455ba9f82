"""A hub whose servers are KubeSpawner's, with a cluster that says what a test wants it to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from chart.values import build
from tests.hub.running import More, RunningHub, running_hub
from tests.unit.documents import Document, settings_of

PASSWORD = "what all testers type"
# What stands in for the cluster: pods that say why they wait, nodes with so many GPUs.
_CLUSTER = """
import asyncio, dataclasses, pathlib
import kubespawner.spawner
import spawn_watch
from kubernetes_asyncio.client.rest import ApiException
from types import SimpleNamespace

kubespawner.spawner.load_config = kubespawner.spawner.shared_client = lambda *_, **__: None
spawn_watch._LOOKS_EVERY = 0.05
said = json.loads(pathlib.Path("cluster.json").read_text())

async def nodes(resources):
    if said["nodes"] is None:
        raise OSError("no answer")
    return said["nodes"], said["pods"]

class OfNoCluster(spawn_watch.Explained):
    _pods = None
    pod_reflector = property(lambda self: SimpleNamespace(pods=self._pods or {}))
    event_reflector = None

    async def _start(self):
        await self.load_user_options()
        what = said["starts"].get(self.user_options.get("profile") or "", {})
        if "refused" in what:
            error = ApiException(status=403, reason="Forbidden")
            error.body = json.dumps({"message": what["refused"]})
            raise error
        if "breaks" in what:
            raise RuntimeError(what["breaks"])
        requests = {"requests": self.extra_resource_limits}
        pod = {"metadata": {}, "spec": {"containers": [{"resources": requests}]}, "status": what["pod"]}
        self._pods = {f"{self.namespace}/{self.pod_name}": pod}
        await asyncio.sleep(600)

    async def _trouble(self):
        found = await super()._trouble()
        # A test does not wait for a minute.
        return found and dataclasses.replace(found, patience=min(found.patience, 0.3))

    async def stop(self, now=False):
        self._pods = None

    async def poll(self):
        return None if self._pods else 0

    def get_state(self):
        return {}

    def load_state(self, state):
        pass

    def clear_state(self):
        pass

c.KubeSpawner.profile_list = get_config("singleuser.profileList")
spawn_watch.Explained._sight = spawn_watch.Sight(nodes)
c.JupyterHub.spawner_class = OfNoCluster
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
"""


def node(gpus: int, name: str = "a") -> dict[str, Any]:
    """A node that offers so many GPUs."""
    ready = [{"type": "Ready", "status": "True"}]
    return {
        "metadata": {"name": name, "labels": {}},
        "spec": {},
        "status": {"allocatable": {"nvidia.com/gpu": str(gpus)}, "conditions": ready},
    }


def holder(gpus: int, where: str = "a") -> dict[str, Any]:
    """A pod that holds so many of them."""
    return {
        "metadata": {},
        "spec": {
            "nodeName": where,
            "containers": [{"resources": {"requests": {"nvidia.com/gpu": str(gpus)}}}],
        },
        "status": {"phase": "Running"},
    }


@contextmanager
def hub_of(
    folder: Path, said: Mapping[str, Any], patch: Document | None = None, stack: str = "local"
) -> Iterator[RunningHub]:
    """Run the hub of a stack, with a cluster that says this."""
    values = build(settings_of(stack, {"auth": {"contact": "platform@hub.example"}, **(patch or {})}))
    whole = {"nodes": [], "pods": [], "starts": {}, **said}
    then = f"pathlib = __import__('pathlib'); pathlib.Path('cluster.json').write_text({_json(whole)!r})\n"
    config: dict[str, dict[str, Any]] = {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}
    # Limits that the chart gives the hub.
    limits = {"concurrent_spawn_limit": values["hub"]["concurrentSpawnLimit"]}
    if "activeServerLimit" in values["hub"]:
        limits["active_server_limit"] = values["hub"]["activeServerLimit"]
    config["JupyterHub"] = limits
    config["Spawner"] = {"consecutive_failure_limit": values["hub"]["consecutiveFailureLimit"]}
    with running_hub(folder, values["hub"], config, More(values=values, then=then + _CLUSTER)) as running:
        yield running


def _json(given: Mapping[str, Any]) -> str:
    import json

    return json.dumps(given)


class Person:
    """Somebody in front of a browser."""

    def __init__(self, hub: RunningHub, name: str) -> None:
        self.hub, self.name = hub, name
        self.session = requests.Session()
        page = self.session.get(f"{hub.url}/hub/login", timeout=30)
        page.raise_for_status()
        form = {"username": name, "password": PASSWORD, "_xsrf": self.session.cookies["_xsrf"]}
        self.session.post(f"{hub.url}/hub/login", data=form, timeout=30)

    def get(self, path: str) -> requests.Response:
        """Open a page."""
        return self.session.get(f"{self.hub.url}/hub/{path}", timeout=30)

    def start(self, profile: str, **choices: str) -> requests.Response:
        """Choose an option, and see what comes next."""
        self.get("spawn")
        xsrf = next(one.value for one in self.session.cookies if one.name == "_xsrf" and one.path == "/hub/")
        chosen = {f"profile-option-{profile}--{key}": value for key, value in choices.items()}
        return self.session.post(
            f"{self.hub.url}/hub/spawn", data={"profile": profile, "_xsrf": xsrf, **chosen}, timeout=30
        )
