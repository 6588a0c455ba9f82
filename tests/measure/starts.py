"""From the click to a usable JupyterLab: this stack, the chart at its own defaults, and JupyterLab alone.

    python -m tests.measure.starts --runs 9 [--chart jupyterhub-4.4.0.tgz] [--json]

After `make up`. The three take turns, with the same notebook image on the same node, so that what else the
machine does hits them alike. Without `--chart` it is the embedded small chart that is installed at defaults.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from embedded import charts
from embedded.engine.engine import Engine
from tests.e2e.hub import NAMESPACE, Hub, engine_of_this_machine, tool
from tests.measure.place import Place, Visitor

STOCK = "measured-stock"
_OFF = {"enabled": False}
# Runs in a pod of the notebook image: from the start of the process to the first page.
_ALONE = """\
import subprocess, time, urllib.request
command = ["jupyter", "lab", "--no-browser", "--ip=127.0.0.1", "--port=8897", "--IdentityProvider.token="]
began = time.monotonic()
process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
while True:
    try:
        urllib.request.urlopen("http://127.0.0.1:8897/lab", timeout=5).read()
        break
    except OSError:
        time.sleep(0.02)
print(time.monotonic() - began)
process.terminate()
process.wait()
"""


def main() -> None:
    """Measure, and print what came out."""
    options = _options()
    engine = engine_of_this_machine()
    figures: dict[str, list[float]] = {}
    with _stock(engine, options.chart) as stock, _ours() as ours:
        floor = _floor(engine)
        turns: dict[str, Callable[[], float]] = {
            "this stack": ours.start,
            "the chart's defaults": stock.start,
            "JupyterLab alone": floor,
        }
        for turn in turns.values():
            turn()  # the first start makes the home, and is not counted
        for _ in track(range(options.runs), console=Console(stderr=True), description="starts"):
            for name, turn in turns.items():
                figures.setdefault(name, []).append(turn())
    _tell(figures, as_json=options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="turns of each (default 9)")
    parser.add_argument("--chart", type=Path, default=charts.SMALL, help="a packed JupyterHub chart")
    parser.add_argument("--json", action="store_true", help="every figure, for a program")
    return parser.parse_args()


@contextmanager
def _ours() -> Iterator[Visitor]:
    hub = Hub.of_this_machine()
    yield from _visiting(_place(hub.engine.env, hub.namespace), hub.password)


@contextmanager
def _stock(engine: Engine, chart: Path) -> Iterator[Visitor]:
    """Install the chart as it comes, but for the images, which it would fetch from elsewhere."""
    env = dict(engine.env)
    theirs = yaml.safe_load(tool(env, "helm", "--namespace", NAMESPACE, "get", "values", "jupyterhub"))
    password = "measured-with-this-password"
    values = {
        "hub": {
            "image": theirs["hub"]["image"],
            "config": {
                "JupyterHub": {"authenticator_class": "shared-password"},
                "SharedPasswordAuthenticator": {"allow_all": True, "user_password": password},
            },
        },
        "proxy": {"service": {"type": "ClusterIP"}, "chp": {"image": theirs["proxy"]["chp"]["image"]}},
        "singleuser": {
            "image": theirs["singleuser"]["image"],
            # The container that would do it has an image of the chart's own.
            "cloudMetadata": {"blockWithIptables": False},
            "storage": {"capacity": "1Gi"},
        },
        "prePuller": {"hook": _OFF, "continuous": _OFF},
        "scheduling": {"userScheduler": _OFF, "userPlaceholder": _OFF},
    }
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "values.yaml"
        written.write_text(yaml.safe_dump(values))
        tool(
            env,
            *("helm", "upgrade", "--install", "jupyterhub", str(chart), "--namespace", STOCK),
            *("--create-namespace", "--values", str(written), "--wait", "--timeout", "5m"),
        )
    try:
        yield from _visiting(_place(env, STOCK), password)
    finally:
        tool(env, "kubectl", "delete", "namespace", STOCK, "--wait=false")


def _place(env: Mapping[str, str], namespace: str) -> Place:
    """Find the proxy itself: what stands before it is the same for both, and no part of a start."""
    asked = ("--namespace", namespace, "get", "service", "proxy-public", "--output", "json")
    service = json.loads(tool(env, "kubectl", *asked))
    return Place(f"http://{service['spec']['clusterIP']}", namespace, env)


def _visiting(place: Place, password: str) -> Iterator[Visitor]:
    visitor = Visitor.signs_in(place, password)
    try:
        yield visitor
    finally:
        visitor.stop()


def _floor(engine: Engine) -> Callable[[], float]:
    """Start JupyterLab in the pod of a server that runs: the same image, and no hub in the way."""

    def turn() -> float:
        hub = Hub.of_this_machine()
        place = _place(engine.env, hub.namespace)
        visitor = Visitor.signs_in(place, hub.password, "measured-alone")
        visitor.start(stop_after=False)
        try:
            pod = ("exec", visitor.pod, "--", "python3", "-c", _ALONE)
            return float(tool(engine.env, "kubectl", "--namespace", hub.namespace, *pod))
        finally:
            visitor.stop()

    return turn


def _tell(figures: dict[str, list[float]], *, as_json: bool) -> None:
    if as_json:
        Console(soft_wrap=True).print_json(json.dumps(figures))
        return
    floor = statistics.median(figures["JupyterLab alone"])
    table = Table(title="Seconds from the click to a usable JupyterLab")
    for heading in ("", "median", "least", "most", "of the floor"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, seconds in figures.items():
        middle = statistics.median(seconds)
        cells = (f"{middle:.2f}", f"{min(seconds):.2f}", f"{max(seconds):.2f}", f"{middle / floor:.2f}")
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
