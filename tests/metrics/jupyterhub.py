"""Runs where the hub's packages are: writes what /hub/metrics is made of, as JSON."""

import json
import sys

import jupyterhub.app  # noqa: F401  it registers the metrics
from prometheus_client import REGISTRY

found = {}
for collector, names in REGISTRY._collector_to_names.items():
    labels = list(getattr(collector, "_labelnames", None) or [])
    for name in names:
        # When a series began, which Prometheus does not ask for in its usual format.
        if not name.endswith("_created"):
            found[name] = labels + (["le"] if name.endswith("_bucket") else [])
json.dump(found, sys.stdout)
