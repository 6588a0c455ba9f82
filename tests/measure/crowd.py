"""Many people who click at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.measure.place import Place, Visitor


def at_once(place: Place, password: str, people: int) -> list[float]:
    """Start a server for each at the same moment; the seconds of each, shortest first."""
    visitors = [Visitor.signs_in(place, password, f"measured-{number}") for number in range(people)]
    with ThreadPoolExecutor(people) as pool:
        try:
            # Twice: the first start makes the homes.
            _all_start(pool, visitors)
            _all_stop(pool, visitors)
            return _all_start(pool, visitors)
        finally:
            _all_stop(pool, visitors)


def _all_start(pool: ThreadPoolExecutor, visitors: list[Visitor]) -> list[float]:
    return sorted(clicked.seconds for clicked in pool.map(Visitor.start, visitors))


def _all_stop(pool: ThreadPoolExecutor, visitors: list[Visitor]) -> None:
    list(pool.map(Visitor.stop, visitors))
