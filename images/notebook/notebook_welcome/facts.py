"""What there is to say: limits, room, shared folder, services. Gathered in a second, whatever is down."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from notebook_welcome.limits import gpus, limits

SHARED = Path("/shared")
# How long what was found out about the services is worth showing without asking again.
FRESH = 300.0
PATIENCE = 1.0


class State(Protocol):
    """What the client of the platform's services tells of one of them."""

    name: str
    address: str
    granted: bool
    up: bool
    why: str


@dataclass(frozen=True)
class Service:
    """One platform service, as it was when somebody looked."""

    name: str
    address: str
    granted: bool
    up: bool
    why: str


@dataclass(frozen=True)
class Facts:
    """Everything that the greeting says."""

    user: str
    processors: float | None
    memory: int | None
    memory_used: int | None
    gpus: list[str]
    home_free: int
    home_size: int
    shared: str
    """`read and write`, `read`, or nothing where there is no such folder."""
    editor: bool
    services: list[Service]
    looked: float
    """When the services were asked."""


def note_file() -> Path:
    """Where the last look is noted: a place of this server alone, gone with it."""
    return Path(tempfile.gettempdir()) / f"welcome-{os.getuid()}.json"


def gather(*, fresh: bool = False) -> Facts:
    """Gather the facts; the services' state is taken from the note while that is new."""
    services, looked = _looked_up(None if fresh else _note())
    bounds = limits()
    home = shutil.disk_usage(Path.home())
    return Facts(
        user=os.environ.get("JUPYTERHUB_USER") or os.environ.get("NB_USER", "you"),
        processors=bounds.processors,
        memory=bounds.memory,
        memory_used=bounds.memory_used,
        gpus=gpus(),
        home_free=home.free,
        home_size=home.total,
        shared=_shared(),
        editor=shutil.which("code-server") is not None,
        services=services,
        looked=looked,
    )


def note(facts: Facts) -> None:
    """Note the services for later readers; on a full disk nothing is noted, which costs a second later."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=note_file().parent, delete=False) as file:
            json.dump({"looked": facts.looked, "services": [asdict(each) for each in facts.services]}, file)
        Path(file.name).replace(note_file())
    except OSError:
        return


def _note() -> dict[str, Any] | None:
    try:
        said = json.loads(note_file().read_text())
    except (OSError, ValueError):
        return None
    return said if time.time() - said.get("looked", 0) < FRESH else None


def _looked_up(noted: dict[str, Any] | None) -> tuple[list[Service], float]:
    if noted is not None:
        return [Service(**each) for each in noted["services"]], noted["looked"]
    return [Service(s.name, s.address, s.granted, s.up, s.why) for s in _states()], time.time()


def _states() -> Iterable[State]:
    try:
        # By name: an image may be built without the client, and a greeting is no reason to fail.
        client = importlib.import_module("platform_services")
        states: Iterable[State] = client.reachable(timeout=PATIENCE)
    except Exception:  # whatever is wrong with the catalogue, a shell has to open
        return []
    return states


def _shared() -> str:
    if not SHARED.is_dir():
        return ""
    return "read and write" if os.access(SHARED, os.W_OK) else "read"
