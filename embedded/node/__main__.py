"""`python -m embedded.node start|stop|status`: the node alone, with programs and images from given places."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from embedded import node, paths
from embedded.console import say
from embedded.fault import Fault


@dataclass(frozen=True)
class GivenTools:
    """Programs that lie in one folder."""

    folder: Path

    def path(self, name: str) -> Path:
        """The program's file."""
        return self.folder / name


@dataclass(frozen=True)
class GivenImage:
    """An image archive by name."""

    ref: str
    archive: Path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m embedded.node", description=__doc__)
    parser.add_argument("action", choices=("start", "stop", "status", "diagnose"))
    parser.add_argument("--bin", type=Path, help="the folder with the programs")
    parser.add_argument(
        "--image", action="append", default=[], metavar="NAME=REF=ARCHIVE", help="pause and helper at least"
    )
    parser.add_argument("--gpus", type=int, default=0)
    parser.add_argument("--no-pods", action="store_true", help="the control plane alone, as any user")
    parser.add_argument("--purge", action="store_true", help="with stop: remove volumes and all data too")
    return parser.parse_args()


def _start(given: argparse.Namespace) -> None:
    images = {}
    for entry in given.image:
        name, ref, archive = entry.split("=", 2)
        images[name] = GivenImage(ref, Path(archive))
    options = node.Options(
        https_port=int(os.environ.get("HTTPS_PORT", "8443")),
        api_port=int(os.environ.get("API_PORT", "6443")),
        gpus=given.gpus,
        pods=not given.no_pods,
    )
    node.start(paths.find(), GivenTools(given.bin), images, options)


def main() -> int:
    """Do one thing; a fault is a message and status 1."""
    given = _arguments()
    try:
        if given.action == "start":
            _start(given)
        elif given.action == "stop":
            node.stop(paths.find(), purge=given.purge)
        elif given.action == "diagnose":
            say(node.diagnose(paths.find()))
        else:
            return _status()
    except Fault as fault:
        say(str(fault))
        return 1
    return 0


def _status() -> int:
    parts = node.status(paths.find())
    for part in parts:
        say(f"{'[green]✓[/]' if part.ok else '[red]✗[/]'} {part.name:<24} {part.detail}")
    return 0 if all(part.ok for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
