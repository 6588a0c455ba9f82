"""From the click on a new notebook to its first outputs, in a browser and in a user's pod.

    python -m tests.measure.cells --runs 5 [--json]

After `make up`. Each notebook has a kernel of its own, which is ended after it; the server stays.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.e2e.browser import browser_page
from tests.e2e.first_cell import first_cells
from tests.e2e.hub import Hub
from tests.e2e.person import Person
from tests.e2e.visit import sign_in


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="notebooks (default 5)")
    parser.add_argument("--json", action="store_true", help="every figure, for a program")
    options = parser.parse_args()
    figures = measure(options.runs)
    if options.json:
        Console().print_json(json.dumps(figures))
        return
    table = Table("since the click, first output of", "median", "least", "most")
    for name, seconds in figures.items():
        middle, least, most = statistics.median(seconds), min(seconds), max(seconds)
        table.add_row(name, f"{middle:.2f} s", f"{least:.2f} s", f"{most:.2f} s")
    Console().print(table)


def measure(runs: int) -> dict[str, list[float]]:
    """Open so many notebooks, after one that is not counted: it fills the browser's store and the node's."""
    hub, name = Hub.of_this_machine(), f"cells-{secrets.token_hex(3)}"
    figures: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as home,
        browser_page(Path(home), [hub.authority], {"jupyterhub.localhost": hub.port}) as page,
    ):
        person = Person.signed_in(hub, name)
        person.start()
        try:
            sign_in(page, hub, name, hub.password)
            page.wait_for_url("**/user/**/lab**")
            for turn in track(range(runs + 1), console=Console(stderr=True), description="notebooks"):
                taken = first_cells(page, f"{hub.url}/user/{name}/lab")
                for kernel in person.ask("GET", f"/user/{name}/api/kernels").json():
                    person.ask("DELETE", f"/user/{name}/api/kernels/{kernel['id']}")
                for what, seconds in taken.items() if turn else ():
                    figures.setdefault(what, []).append(seconds)
        finally:
            person.stop()
    return figures


if __name__ == "__main__":
    main()
