"""`make down` and `make clean`: stop the node, and on request forget it."""

from __future__ import annotations

import sys

import typer

from embedded import node
from embedded.console import say
from embedded.fault import Fault
from embedded.paths import Paths


def down(paths: Paths, *, purge: bool, sure: bool) -> None:
    """Stop the node; with `purge` remove its volumes and state, after a question."""
    if purge and not sure:
        if not sys.stdin.isatty():
            raise Fault(
                "make clean removes all homes and volumes of this node, and nobody is here to be asked.",
                "Nothing was removed.",
                "YES=1 make clean",
            )
        typer.confirm("Remove the node with all its volumes, homes and state?", abort=True)
    node.stop(paths, purge=purge)
    say(
        "The node is gone, with its volumes and state."
        if purge
        else "The node is stopped. `make up` continues."
    )
