"""`platform-services`: which services this server has, and whether they are up."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from platform_services import catalogue, services
from platform_services.doors import TIMEOUT
from platform_services.errors import PlatformServiceError
from platform_services.services import State

FINE, FINDINGS, CANNOT = 0, 1, 2
_HELP = """examples:
  platform-services                   the services that this server was granted
  platform-services check             whether each of them is up
  platform-services check trino kafka
  platform-services check --json"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command: 0 fine, 1 something is not up, 2 the question cannot be answered."""
    asked = _parser().parse_args(words)
    try:
        return _check(asked) if asked.what == "check" else _list(asked)
    except PlatformServiceError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="platform-services",
        description="The platform's services, as this server sees them.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=("list", "check"), default="list")
    parser.add_argument("names", nargs="*", metavar="name", help="which to check; all that were granted")
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT, metavar="SECONDS", help="for each; %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def _list(asked: argparse.Namespace) -> int:
    known = catalogue.load()
    if asked.json:
        _say(json.dumps([_plain(service) for service in known.services], indent=2))
        return FINE
    rows = [
        (one.name, one.url, one.description if one.granted else "not granted to you")
        for one in known.services
    ]
    _table(("service", "address", "what it is"), rows)
    return FINE


def _plain(service: catalogue.Service) -> dict[str, object]:
    shown = ("name", "kind", "url", "description", "docs", "granted")
    return {name: getattr(service, name) for name in shown}


def _check(asked: argparse.Namespace) -> int:
    if asked.names:
        found = [services.check(name, asked.timeout) for name in asked.names]
        wanted = found
    else:
        found = services.reachable(asked.timeout)
        wanted = [state for state in found if state.granted]
    if asked.json:
        _say(json.dumps([asdict(state) for state in found], indent=2))
    else:
        _table(("service", "address", "state"), [(one.name, one.address, _word(one)) for one in found])
    return FINE if all(state.up for state in wanted) else FINDINGS


def _word(state: State) -> str:
    return "up" if state.up else state.why


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        _say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
