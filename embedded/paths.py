"""Where the embedded environment keeps its things: nothing of it lies in the checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.fault import Fault

NAME = "jupyterhub-embedded"
CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Paths:
    """The two places: what can be made again (cache), and what the node is now (state)."""

    cache: Path
    state: Path

    @property
    def tools(self) -> Path:
        """Built tools, one folder per content key."""
        return self.cache / "tools"

    @property
    def images(self) -> Path:
        """Image archives, one folder per content key."""
        return self.cache / "images"

    @property
    def pki(self) -> Path:
        """Keys and certificates of the node; `ca.crt` is how the providers know their own cluster."""
        return self.state / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; its context is named `embedded`."""
        return self.state / "admin.kubeconfig"

    @property
    def logs(self) -> Path:
        """One log file per process of the node."""
        return self.state / "logs"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME of the embedded environment, so that nobody's ~/.pulumi is touched."""
        return self.state / "pulumi-home"


def find(env: Mapping[str, str] = os.environ, *, root: bool | None = None) -> Paths:
    """Choose the places: EMBEDDED_CACHE and EMBEDDED_STATE win, then the user's own, or /var/lib for root."""
    is_root = os.geteuid() == 0 if root is None else root
    home = Path(env.get("HOME") or Path.home())
    cache = env.get("EMBEDDED_CACHE")
    state = env.get("EMBEDDED_STATE")
    default_cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache") / NAME
    default_state = (
        Path("/var/lib") / NAME
        if is_root
        else Path(env.get("XDG_STATE_HOME") or home / ".local" / "state") / NAME
    )
    return Paths(
        cache=Path(cache).absolute() if cache else default_cache,
        state=Path(state).absolute() if state else default_state,
    )


def make_writable(place: Path, variable: str) -> None:
    """Create a place, or say plainly why it cannot be written and which variable moves it."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        probe = place / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Fault(
            f"{place} cannot be written: {error.strerror or error}.",
            "Nothing was started or changed.",
            f"Free it, or name another place: {variable}=/some/dir make up",
        ) from error
