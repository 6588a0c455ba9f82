"""Which cluster a provider speaks to, and the refusal of every cluster but this machine's own.

The embedded provider is a stand-in: it must never be the thing that changes a real cluster. The kubeconfig's
certificate authority must be, byte for byte, the one given at start, and the connection is verified with
that one alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.fault import Fault

REMEDY = "For any other cluster use the official plugin: pulumi plugin install resource kubernetes"
FOLLOWS = "Nothing was read from or sent to that cluster."


@dataclass(frozen=True)
class Access:
    """A way into the cluster: address, namespace, and the client certificate as PEM."""

    server: str
    namespace: str
    ca: str
    certificate: str
    key: str
    server_name: str = ""

    def kubeconfig(self, namespace: str) -> str:
        """Write a kubeconfig of this access alone (JSON is YAML), for Helm."""
        cluster = {"server": self.server, "certificate-authority-data": _base64(self.ca)}
        if self.server_name:
            cluster["tls-server-name"] = self.server_name
        user = {"client-certificate-data": _base64(self.certificate), "client-key-data": _base64(self.key)}
        context = {"cluster": "embedded", "user": "embedded", "namespace": namespace}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "embedded", "cluster": cluster}],
                "users": [{"name": "embedded", "user": user}],
                "contexts": [{"name": "embedded", "context": context}],
                "current-context": "embedded",
            }
        )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def load(given: str, env: Mapping[str, str] = os.environ) -> tuple[dict[str, Any], Path]:
    """Read a kubeconfig given as path or contents, or the shell's own; with where relative paths start."""
    if given:
        path = Path(given).expanduser() if "\n" not in given and len(given) < 4096 else None
        if path is None or not path.exists():
            return _parse(given, "given to the provider"), Path.cwd()
    else:
        path = Path((env.get("KUBECONFIG") or "~/.kube/config").split(os.pathsep)[0]).expanduser()
    try:
        return _parse(path.read_text(encoding="utf-8"), str(path)), path.absolute().parent
    except OSError as error:
        raise Fault(f"The kubeconfig {path} cannot be read: {error.strerror}.", FOLLOWS, "make up") from error


def _parse(text: str, source: str) -> dict[str, Any]:
    import yaml

    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Fault(f"The kubeconfig {source} is no YAML: {error}.", FOLLOWS) from error
    if not isinstance(parsed, dict):
        raise Fault(f"The kubeconfig {source} is neither an existing file nor a kubeconfig.", FOLLOWS)
    return parsed


def _entry(config: Mapping[str, Any], section: str, kind: str, name: str) -> dict[str, Any]:
    for one in config.get(section) or []:
        if one.get("name") == name:
            return dict(one.get(kind) or {})
    names = ", ".join(str(one.get("name")) for one in config.get(section) or []) or "none"
    raise Fault(f"The kubeconfig has no {kind} {name!r} (it has: {names}).", FOLLOWS)


def choose(
    config: Mapping[str, Any], base: Path, *, context: str = "", cluster: str = "", ca: Path
) -> Access:
    """Choose context and cluster, and refuse what is not this machine's own."""
    chosen = _entry(config, "contexts", "context", context or str(config.get("current-context") or ""))
    name = cluster or str(chosen.get("cluster"))
    place = _entry(config, "clusters", "cluster", name)
    own = ca.read_text(encoding="utf-8")
    _refuse_foreign(place, name, base, own)
    user = _entry(config, "users", "user", str(chosen.get("user")))
    return Access(
        server=str(place["server"]),
        namespace=str(chosen.get("namespace") or "default"),
        ca=own,
        certificate=_client_part(user, "client-certificate", base),
        key=_client_part(user, "client-key", base),
        server_name=str(place.get("tls-server-name") or ""),
    )


def _refuse_foreign(place: Mapping[str, Any], name: str, base: Path, own: str) -> None:
    where = f"The cluster {name!r} at {place.get('server')}"
    if place.get("insecure-skip-tls-verify"):
        raise Fault(f"{where} is refused: it is to be reached without TLS verification.", FOLLOWS, REMEDY)
    if not str(place.get("server", "")).startswith("https://"):
        raise Fault(f"{where} is refused: it is not reached over TLS.", FOLLOWS, REMEDY)
    theirs = _data(place, "certificate-authority", base)
    if not theirs:
        raise Fault(
            f"{where} is refused: its kubeconfig names no certificate authority, and the embedded provider "
            "serves only the cluster whose authority this machine made.",
            FOLLOWS,
            REMEDY,
        )
    if certificates(theirs) != certificates(own):
        raise Fault(
            f"{where} is refused: its certificate authority is not the one that this machine made, and the "
            "embedded provider serves no other cluster.",
            FOLLOWS,
            REMEDY,
        )


def _client_part(user: Mapping[str, Any], name: str, base: Path) -> str:
    found = _data(user, name, base)
    if not found:
        raise Fault(
            "The kubeconfig's user has no client certificate; the embedded provider takes no tokens and "
            "runs no login commands.",
            FOLLOWS,
            "make up    # writes a kubeconfig with a client certificate",
        )
    return found


def _data(section: Mapping[str, Any], name: str, base: Path) -> str:
    """Read `name-data` (base64) or the file `name`, relative to the kubeconfig."""
    inline = section.get(f"{name}-data")
    try:
        if inline:
            return base64.b64decode(str(inline), validate=True).decode()
        path = section.get(name)
        return (base / str(path)).read_text(encoding="utf-8") if path else ""
    except (binascii.Error, UnicodeDecodeError, OSError) as error:
        raise Fault(f"The kubeconfig's {name} cannot be read: {error}.", FOLLOWS) from error


def certificates(pem: str) -> frozenset[bytes]:
    """Return the certificates of a PEM text in their binary form, which is what identity means here."""
    end = "-----END CERTIFICATE-----"
    blocks = (block[block.index("-----BEGIN") :] + end for block in pem.split(end) if "-----BEGIN" in block)
    try:
        return frozenset(ssl.PEM_cert_to_DER_cert(block) for block in blocks)
    except ValueError as error:
        raise Fault(f"A certificate authority is no PEM certificate: {error}.", FOLLOWS) from error
