"""How long a preview of each stack takes, beside an empty program with the same providers, in one run.

    python -m tests.bench.previews [ROUNDS]

The node must be up. Rounds alternate between the two, so that a busy minute slows both; medians are shown.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from embedded import stacks
from embedded.engine.engine import Engine
from embedded.paths import find
from embedded.up import engine_for_preview

EMPTY = """
import pulumi_kubernetes
import pulumi_random

pulumi_kubernetes.Provider("cluster", context="embedded", cluster_identifier="embedded")
pulumi_random.Provider("random")
"""


def seconds(work: Callable[[], None]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def previewed(engine: Engine) -> None:
    done = engine.attempt("preview")
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def compare(stack: str, rounds: int, place: Path) -> tuple[float, float]:
    """Give the medians of the stack and of the empty program."""
    (place / "__main__.py").write_text(EMPTY)
    with engine_for_preview(find(), {**os.environ, "STACK": stack}) as engine:
        (place / "Pulumi.yaml").write_text((engine.project / "Pulumi.yaml").read_text())
        empty = replace(engine, project=place)
        taken = [
            (seconds(lambda: previewed(engine)), seconds(lambda: previewed(empty))) for _ in range(rounds)
        ]
    return statistics.median(it[0] for it in taken), statistics.median(it[1] for it in taken)


def main(rounds: int) -> None:
    table = Table("stack", "preview", "empty program", "ratio", title=f"Medians of {rounds}, in seconds")
    for stack in stacks.names():
        with tempfile.TemporaryDirectory() as place:
            own, empty = compare(stack, rounds, Path(place))
        table.add_row(stack, f"{own:.1f}", f"{empty:.1f}", f"{own / empty:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
