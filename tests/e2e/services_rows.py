"""What is dialled from a user's server: the address, what shall come of it, and the table of what did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from rich.table import Table

from settings import Settings
from settings.services import for_users, name_of

STUBS = {"trino": "Trino (a stub)", "datahub": "DataHub (a stub)"}
OPEN, DROPPED = "open", "no answer"
"""How a connection ends that a policy lets through, and one that it drops: neither is a refusal, which
would come from a machine that was reached."""


@dataclass(frozen=True)
class Row:
    """A target as seen from a user's server."""

    what: str
    place: str
    """As the page has it: pods by their names, whose addresses differ each time."""
    where: str
    open: bool

    @property
    def expected(self) -> str:
        """How the connection shall end."""
        return OPEN if self.open else DROPPED


@dataclass(frozen=True)
class Tried:
    """A target and what came of it."""

    row: Row
    observed: str

    @property
    def right(self) -> bool:
        """Whether it ended as it shall."""
        return self.observed == self.row.expected


def tried(rows: Iterable[Row], said: str) -> list[Tried]:
    """Read what the probe in the pod printed, a line for each target."""
    observed = dict(line.split(" ", 1) for line in said.splitlines())
    return [Tried(row, _WORDS.get(observed[row.where], observed[row.where])) for row in rows]


_WORDS = {
    "closed TimeoutError": DROPPED,
    "closed gaierror": "no such name",
    "closed ConnectionRefusedError": "refused",
}


def services(settings: Settings, granted: Iterable[str]) -> Iterator[Row]:
    """Give every service of the catalogue, at the address that clients use."""
    mine = set(granted)
    for service in for_users(settings.services):
        url = urlsplit(service.url)
        where = f"{url.hostname}:{url.port}"
        yield Row(STUBS.get(service.kind, service.kind), where, where, name_of(service) in mine)


def markdown(columns: Mapping[str, Sequence[Tried]]) -> list[str]:
    """Write what was expected and observed, two columns for each person, a target in each line."""
    heads = [f"{who}: {what}" for who in columns for what in ("expected", "observed")]
    return [
        f"| target | address | {' | '.join(heads)} |",
        "|---" * (2 + len(heads)) + "|",
        *(f"| {' | '.join(cells)} |" for cells in _lines(columns)),
    ]


def shown(columns: Mapping[str, Sequence[Tried]]) -> Table:
    """Give the same for a person at a terminal."""
    table = Table("", "target", "address", title="From a user's server", highlight=False)
    for who in columns:
        table.add_column(f"{who}\nexpected")
        table.add_column("\nobserved")
    wrong = {one.row.place for found in columns.values() for one in found if not one.right}
    for what, place, *cells in _lines(columns):
        table.add_row("[red]WRONG[/]" if place in wrong else "ok", what, place, *cells)
    return table


def _lines(columns: Mapping[str, Sequence[Tried]]) -> Iterator[list[str]]:
    by_target = [{(one.row.what, one.row.place): one for one in found} for found in columns.values()]
    for target in dict.fromkeys(key for found in by_target for key in found):
        cells: list[str] = []
        for found in by_target:
            one = found.get(target)
            cells += [one.row.expected, one.observed] if one else ["-", "-"]
        yield [*target, *cells]
