"""What the measurement of starts prints: the whole, its phases, and a crowd."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.measure.phases import OF_A_START, Start

OURS = "this stack"
STOCK = "the chart's defaults"
ITS_OWN_POD = "JupyterLab, a pod of its own"
IN_A_POD = "JupyterLab, a pod that is there"


def tell(figures: Mapping[str, Sequence[Start]], crowds: Mapping[str, Sequence[float]]) -> None:
    """Print the tables."""
    console = Console()
    console.print(_whole(figures))
    console.print(_phases(figures))
    if crowds:
        console.print(_crowd(crowds))


def _whole(figures: Mapping[str, Sequence[Start]]) -> Table:
    table = _table(
        "Seconds from the click to a usable JupyterLab", "", "median", "least", "most", "of the floor"
    )
    floor = statistics.median(start.seconds for start in figures[IN_A_POD])
    for name, starts in figures.items():
        seconds = [start.seconds for start in starts]
        middle = statistics.median(seconds)
        table.add_row(name, *map(_figure, (middle, min(seconds), max(seconds), middle / floor)))
    return table


def _phases(figures: Mapping[str, Sequence[Start]]) -> Table:
    table = _table("Where they go: the median of each phase", "", "whose", *figures)
    for phase in OF_A_START:
        cells = [
            [start.lasted[phase.until] for start in starts if phase.until in start.lasted]
            for starts in figures.values()
        ]
        table.add_row(
            phase.what, phase.whose, *(_figure(statistics.median(one)) if one else "" for one in cells)
        )
    return table


def _crowd(crowds: Mapping[str, Sequence[float]]) -> Table:
    people = len(next(iter(crowds.values())))
    table = _table(f"{people} people who click at the same moment", "", "median", "least", "most")
    for name, seconds in crowds.items():
        table.add_row(name, *map(_figure, (statistics.median(seconds), min(seconds), max(seconds))))
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"", "whose"} else "right")
    return table


def _figure(seconds: float) -> str:
    return f"{seconds:.2f}"
