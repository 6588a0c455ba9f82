"""Tests beside the hub's own packages: not collected where those are not installed (`make test` has them)."""

from __future__ import annotations

import os
from importlib.util import find_spec

NEEDED = ("jupyterhub", "kubespawner", "oauthenticator")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]
# In a browser, with axe-core: `make test` brings it, and says here where it lies.
if "AXE_CORE" not in os.environ:
    collect_ignore_glob.append("test_pages_axe.py")
