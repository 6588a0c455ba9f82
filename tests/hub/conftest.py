"""Tests beside the hub's own packages: not collected where those are not installed (`make test` has them)."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("jupyterhub", "kubespawner", "oauthenticator")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]
