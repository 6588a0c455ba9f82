"""Kubeconfigs: the administrator's, and one per part of the node with that part's own certificate."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from embedded.node import files, pki
from embedded.node.layout import Layout, Options

CONTEXT = "embedded"
PARTS = (
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "coredns",
    "local-path-provisioner",
    "traefik",
    "netpol",
)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def render(server: str, folder: Path, name: str) -> dict[str, Any]:
    """A kubeconfig with everything inside it, so that a copy of the file works too."""
    user = pki.pair(folder, name)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {"server": server, "certificate-authority-data": _encoded(folder / "ca.crt")},
            }
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate-data": _encoded(user.certificate),
                    "client-key-data": _encoded(user.key),
                },
            }
        ],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": name}}],
        "current-context": CONTEXT,
    }


def write(place: Layout, options: Options) -> None:
    """Write them all; only root (or the one user) reads them."""
    folder = place.paths.pki
    for part in PARTS:
        document = render(options.api_url, folder, part)
        files.write_yaml(place.kubeconfig(part), document, 0o600)
    # People and programs come over loopback: every client leaves that out of a proxy that HTTPS_PROXY names.
    server = f"https://127.0.0.1:{options.api_port}"
    files.write_yaml(place.paths.kubeconfig, render(server, folder, "admin"), 0o600)
