"""Helm releases, as kubernetes:helm.sh/v3:Release takes them."""
