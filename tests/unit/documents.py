"""Settings documents for tests: the committed ones, and patches of them."""

from __future__ import annotations

import copy
import functools
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from settings import Settings
from settings.document import read

PROJECT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 21)
Document = dict[str, Any]


@functools.cache
def _read(stack: str) -> Document:
    document: Document = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())
    return document


def stack_file(stack: str) -> Document:
    """Give a stack file as data: a copy, since tests change it."""
    return copy.deepcopy(_read(stack))


STACKS = tuple(sorted(place.name.split(".")[1] for place in PROJECT.glob("Pulumi.*.yaml")))


def committed(stack: str) -> Document:
    document: Document = stack_file(stack)["config"]["jupyterhub:settings"]
    return document


def local() -> Document:
    return committed("local")


def patched(document: Document, patch: Document) -> Document:
    """Lay a patch over a document (RFC 7396): objects join, null removes, all else replaces."""
    result = copy.deepcopy(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            there = result.get(key)
            result[key] = patched(there if isinstance(there, dict) else {}, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def settings(patch: Document | None = None) -> Settings:
    return settings_of("local", patch)


def settings_of(stack: str, patch: Document | None = None) -> Settings:
    return read(patched(committed(stack), patch or {}), TODAY)


# One document with everything that `local` leaves out, each choice the other way round.
EVERYTHING: Document = {
    "protection": {"protect": True, "retain": True},
    "namespace": {
        "quota": {"requests.cpu": "16", "requests.memory": "64Gi"},
        "limitRange": {
            "default": {"cpu": "1", "memory": "1Gi"},
            "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
        },
        "serviceAccounts": {"hub": "jupyterhub-sa"},
    },
    "storage": {"homes": {"accessMode": "ReadWriteOncePod"}, "shared": None},
    "ingress": {"controller": "none", "entryPoint": None, "className": None, "port": 80},
    "tls": {"source": "none", "termination": "nowhere"},
    "auth": {"anyName": False, "users": ["ada", "bob"], "administrators": ["eve"], "expires": "2030-01-01"},
    "hub": {
        "awaitReady": False,
        "resources": {"limits": {"cpu": "1"}},
        "proxyResources": {"limits": {"cpu": "500m"}},
    },
    "images": {"pullSecrets": ["pull"]},
    "network": {
        "dns": {"kubeSystem": True},
        "ingressFrom": ["traefik"],
        "hubEgress": [{"name": "sign-in", "reach": {"cidrs": ["192.0.2.0/24"], "ports": [443]}}],
        "userEgress": [{"name": "packages", "reach": {"cidrs": ["198.51.100.7/32"], "ports": [443, 8443]}}],
    },
    "monitoring": {"namespaces": ["monitoring"], "stack": "own"},
    "availability": {"kind": "fastRestart", "nodeLoss": "45s"},
    "secrets": {"source": "config", "generations": {"cryptKeys": [2, 1]}},
    "culling": {"maxAge": "24h"},
}
