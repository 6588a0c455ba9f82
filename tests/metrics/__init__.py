"""The metrics that exist, with their labels, as their makers' own code says it."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
Known = dict[str, frozenset[str]]

# Prometheus adds these to everything that it scrapes; kubelet and kube-state-metrics bring their own.
TARGET = frozenset({"namespace", "job", "instance", "pod", "service", "endpoint", "container"})
ALWAYS: Known = {"up": frozenset()}


def known() -> Known:
    """Give every metric that an expression may name, with the labels it may name."""
    files = (HERE / "jupyterhub.json", HERE / "ours.json", HERE / "cluster.json")
    recorded = {name: labels for file in files for name, labels in json.loads(file.read_text()).items()}
    return {name: frozenset(labels) | TARGET for name, labels in {**ALWAYS, **recorded}.items()}
