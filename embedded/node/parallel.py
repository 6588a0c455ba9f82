"""Several things at once, all of them to their end, before the first fault is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def together(*calls: Callable[[], object]) -> None:
    """Run all; whatever one of them raised is raised once every one has ended."""
    if not calls:
        return
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        running = [pool.submit(call) for call in calls]
    for done in running:
        done.result()
