"""The composition root: checks everything, then makes the components in order and joins them."""

from deployment.checks import checked_values
from deployment.compose import deploy

__all__ = ["checked_values", "deploy"]
