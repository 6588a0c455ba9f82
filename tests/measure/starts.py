"""From the click to a usable JupyterLab: this stack, the chart at its own defaults, and JupyterLab alone.

    python -m tests.measure.starts --runs 9 [--chart jupyterhub-4.4.0.tgz] [--at-once 8] [--json]

After `make up`. All take turns, with the same notebook image on the same node, so that what else the machine
does hits them alike. Without `--chart` it is the embedded small chart that is installed at defaults. With
`--at-once` that many people click at the same moment as well, at each of the two hubs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track

from embedded import charts
from tests.e2e.hub import Hub
from tests.measure import alone
from tests.measure.crowd import at_once
from tests.measure.phases import Start, timed
from tests.measure.place import Place, Visitor
from tests.measure.stock import PASSWORD, our_place, stock_place
from tests.measure.tables import IN_A_POD, ITS_OWN_POD, OURS, STOCK, tell

Figures = dict[str, list[Start]]
_ERRORS = Console(stderr=True)


def main() -> None:
    """Measure, and print what came out."""
    options = _options()
    hub = Hub.of_this_machine()
    with ExitStack() as held:
        ours, stock = our_place(hub), held.enter_context(stock_place(hub.engine, options.chart))
        figures = _in_turns(ours, stock, _passwords(hub), options.runs)
        crowds = {
            name: at_once(place, _passwords(hub)[name], options.at_once)
            for name, place in ((OURS, ours), (STOCK, stock))
            if options.at_once
        }
    if options.json:
        told = {name: [asdict(start) for start in starts] for name, starts in figures.items()}
        Console(soft_wrap=True).print_json(json.dumps({"starts": told, "at once": crowds}))
    else:
        tell(figures, crowds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="turns of each (default 9)")
    parser.add_argument("--chart", type=Path, default=charts.SMALL, help="a packed JupyterHub chart")
    parser.add_argument(
        "--at-once", type=int, default=0, help="how many click at the same moment (default none)"
    )
    parser.add_argument("--json", action="store_true", help="every figure, for a program")
    return parser.parse_args()


def _passwords(hub: Hub) -> Mapping[str, str]:
    return {OURS: hub.password, STOCK: PASSWORD}


def _in_turns(ours: Place, stock: Place, passwords: Mapping[str, str], runs: int) -> Figures:
    visitors = [Visitor.signs_in(place, passwords[name]) for name, place in ((OURS, ours), (STOCK, stock))]
    # No policy of ours holds there, and the page is asked for from the node.
    image = visitors[0].image()
    turns: dict[str, Callable[[], Start]] = {
        OURS: partial(timed, visitors[0]),
        STOCK: partial(timed, visitors[1]),
        ITS_OWN_POD: partial(alone.in_a_pod_of_its_own, stock, image),
        IN_A_POD: partial(alone.in_a_pod_that_is_there, stock),
    }
    figures: Figures = {name: [] for name in turns}
    with alone.pod_that_is_there(stock, image):
        for turn in turns.values():
            turn()  # the first start makes the home, and is not counted
        for _ in track(range(runs), console=_ERRORS, description="starts"):
            for name, turn in turns.items():
                figures[name].append(turn())
    return figures


if __name__ == "__main__":
    main()
