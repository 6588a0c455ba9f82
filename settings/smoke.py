"""The one user whom `ops smoke` works as, and the service that may act for this user and nobody else."""

from __future__ import annotations

SERVICE = "smoke"
"""The hub's name for who holds the token."""
USER = "ops.smoke"
"""Nobody signs in as this one. The dot keeps it apart: no account of GitHub has one, no object id either."""
