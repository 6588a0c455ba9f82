"""Kubernetes objects, as pulumi-kubernetes takes them."""
