"""Resource providers for the Pulumi engine, for where the official plugins cannot be downloaded.

They take the resource types and inputs of pulumi-kubernetes and pulumi-random, serve one cluster only
(the one whose certificate authority this machine made) and are never a proof about the official ones.
docs/embedded-providers.md says how they behave and where they differ.
"""

from __future__ import annotations

VERSIONS = {"kubernetes": "4.34.2", "random": "4.21.4"}
MARKER = "EMBEDDED"
