"""What a stack's secrets are, and every place in which none of them may stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from embedded.paths import find
from embedded.world import stacks
from tests.e2e.hub import Hub, tool
from tests.e2e.secret_search import SHORTEST, unpacked

# How the engine marks a value of its state.
_MARK = "4dabf18193072939515e22adb298388d"
RECORD = "release record"
_PACKED = "helm.sh/release.v1"
# Secret for the engine because of what they were made from, and known to whoever asks; a hash is of no use.
_PUBLIC = ("tlsCert", "bcryptHash")
# In the hub: what the provider gave for each user, as the hub keeps it.
_TOKENS = """
import asyncio, json
from jupyterhub.crypto import CryptKeeper
from sqlalchemy import create_engine, text
from traitlets.config.loader import PyFileConfigLoader
config = PyFileConfigLoader("/usr/local/etc/jupyterhub/jupyterhub_config.py").load_config()
keeper = CryptKeeper(config=config)
with create_engine(config.JupyterHub.db_url).connect() as database:
    rows = database.execute(text("SELECT name, encrypted_auth_state FROM users")).all()
async def states():
    return {name: await keeper.decrypt(bytes(kept)) for name, kept in rows if kept}
print(json.dumps(asyncio.run(states())))
"""

T = TypeVar("T")
Named = Iterator[tuple[str, str]]
Texts = Iterator[tuple[str, bytes]]


def secrets_of(hub: Hub) -> dict[str, str]:
    """Give the secrets of a stack's configuration, of its state, of its surroundings, and of its users."""
    return {
        name: value
        for name, value in _together(hub, _of_config, _of_state, _of_world, _of_users).items()
        if not name.endswith(_PUBLIC) and len(value) >= SHORTEST
    }


def places_of(hub: Hub) -> dict[str, bytes]:
    """Give all that people and programs other than the hub may read: objects, records, logs, state."""
    return _together(hub, _objects, _files, _state)


def _together(hub: Hub, *parts: Callable[[Hub], Iterator[tuple[str, T]]]) -> dict[str, T]:
    # Each of them mostly waits for a tool that it runs.
    with ThreadPoolExecutor() as pool:
        return {name: one for found in pool.map(lambda part: list(part(hub)), parts) for name, one in found}


def _of_config(hub: Hub) -> Named:
    told = json.loads(hub.engine.read("config", "--json", "--show-secrets"))
    return ((key, entry["value"]) for key, entry in told.items() if entry.get("secret"))


def _of_state(hub: Hub) -> Named:
    """Give what the engine itself generated; all else that is secret in its state is made of that."""
    state = json.loads(hub.engine.read("stack", "export", "--show-secrets"))
    for resource in state["deployment"]["resources"]:
        if resource["type"].startswith("random:"):
            name = resource["urn"].rpartition("::")[2]
            for field, value in resource["outputs"].items():
                if isinstance(value, Mapping) and _MARK in value:
                    yield f"{name}.{field}", json.loads(value["plaintext"])


def _of_world(hub: Hub) -> Named:
    for known in stacks.known(find()):
        if known.name == hub.stack:
            yield from known.secrets.items()
            yield from ((f"password of {user.name}", user.password) for user in known.users)


def _of_users(hub: Hub) -> Named:
    states = json.loads(hub.kubectl("exec", "deployment/hub", "-c", "hub", "--", "python3", "-c", _TOKENS))
    for user, state in states.items():
        response = state.get("token_response") or {}
        for field in ("access_token", "refresh_token", "id_token"):
            if value := response.get(field) or state.get(field):
                yield f"{field} of {user}", value


def _objects(hub: Hub) -> Texts:
    """Give every object of every kind, events too; of Secrets what is beside their data, or packed in it."""
    env = hub.engine.env
    kinds = tool(env, "kubectl", "api-resources", "--verbs=list", "-o", "name").split()
    # Events have two names.
    wanted = ",".join(kind for kind in kinds if kind != "events.events.k8s.io")
    for item in json.loads(tool(env, "kubectl", "get", wanted, "-A", "-o", "json"))["items"]:
        yield from _object(item)


def _object(item: dict[str, Any]) -> Texts:
    about = item["metadata"]
    name = f"{item['kind']} {about.get('namespace', '')}/{about['name']}"
    if item["kind"] == "Secret":
        data = item.pop("data", None) or {}
        if item.get("type") == _PACKED:
            yield f"{RECORD} {about['namespace']}/{about['name']}", unpacked(data["release"])
    yield name, json.dumps(item).encode()


def _files(_hub: Hub) -> Texts:
    """Give the logs of the node's parts, of the world beside it, and of every pod, earlier containers too."""
    folder = find().logs
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield f"log {file.relative_to(folder)}", _read(file)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        # Of a pod that went meanwhile.
        return b""


def _state(hub: Hub) -> Texts:
    yield "the engine's state", hub.engine.read("stack", "export").encode()
    yield "the stack's outputs", hub.engine.read("stack", "output", "--json").encode()
    yield "the configuration", hub.engine.config_file.read_bytes()
