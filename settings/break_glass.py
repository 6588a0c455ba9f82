"""The account and the role of an emergency: `ops break-glass` gives it a token that ends by itself."""

from __future__ import annotations

USER = "ops.break-glass"
"""Nobody signs in as this one. It is there from the first emergency on; without a token it does nothing."""
ROLE = "break-glass"
"""Nobody has it but this account."""
