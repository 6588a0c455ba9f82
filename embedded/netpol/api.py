"""The API server as a kubeconfig names it: plain HTTPS requests with a client certificate."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from embedded.fault import Fault

# A connection that falls silent for longer than the server lets a watch live is dead.
WATCH_SECONDS = 120
CONNECT_SECONDS, SILENCE_SECONDS = 5, WATCH_SECONDS + 15


@dataclass(frozen=True)
class Access:
    """Where the API server is and what proves who we are."""

    server: str
    authority: str | bool
    certificate: tuple[str, str] | None
    token: str | None

    def session(self) -> requests.Session:
        """A connection of its own for each watcher; proxies of the environment never apply to the node."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.authority
        session.cert = self.certificate
        session.headers["Accept"] = "application/json"
        # A compressed stream would hold events back until its buffer is full.
        session.headers["Accept-Encoding"] = "identity"
        if self.token:
            session.headers["Authorization"] = f"Bearer {self.token}"
        return session


@contextmanager
def access(kubeconfig: Path) -> Iterator[Access]:
    """Read a kubeconfig; embedded keys lie in a private folder for as long as this is open."""
    with tempfile.TemporaryDirectory(prefix="netpol-") as private:
        try:
            found = _read(kubeconfig, Path(private))
        except (KeyError, TypeError, ValueError, OSError, yaml.YAMLError) as error:
            raise Fault(
                f"The kubeconfig {kubeconfig} cannot be used: {error!r}.",
                "Network policies are not enforced by this process.",
                "Name the kubeconfig of the embedded node: --kubeconfig FILE",
            ) from error
        yield found


def _read(kubeconfig: Path, private: Path) -> Access:
    document = yaml.safe_load(kubeconfig.read_text())
    context = _named(document["contexts"], document["current-context"])["context"]
    cluster = _named(document["clusters"], context["cluster"])["cluster"]
    user = _named(document["users"], context["user"])["user"]

    def place(section: Mapping[str, Any], key: str) -> str | None:
        if section.get(f"{key}-data"):
            path = private / key
            path.touch(mode=0o600)
            path.write_bytes(base64.b64decode(section[f"{key}-data"]))
            return str(path)
        return str(kubeconfig.absolute().parent / section[key]) if section.get(key) else None

    certificate, key = place(user, "client-certificate"), place(user, "client-key")
    return Access(
        server=cluster["server"].rstrip("/"),
        authority=place(cluster, "certificate-authority") or True,
        certificate=(certificate, key) if certificate and key else None,
        token=user.get("token"),
    )


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = [entry for entry in entries if entry["name"] == name]
    if not found:
        raise ValueError(f"it has no entry named {name}")
    return found[0]
