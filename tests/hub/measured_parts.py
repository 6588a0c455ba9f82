"""What is measured of leaving: people leave or lose their role at hubs that run at their own pace, and the
provider goes away and comes back.

Every change is made at the provider alone, and what is timed is what can be seen from outside: a process that
ends, an answer of the hub, what the hub has written down.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, get_args

from tests.hub.cases import Case, Provider, enters
from tests.hub.cases_world import Changed, Hub, World, hub_of, running_world
from tests.hub.test_leaving_running import WAYS, Person, comes, demoted, leaver, left_role, with_server

PROVIDERS: Sequence[Provider] = get_args(Provider)
# Four times what the documents promise: a measurement that never ends says nothing.
PATIENCE = 60 * 60
STOPS = Changed({"auth": {"leaving": "stopServers"}}, starts=True)


@dataclass
class Board:
    """The table: what was seen, and after how long at which provider."""

    cells: dict[str, dict[Provider, str]] = field(default_factory=dict)

    def note(self, what: str, provider: Provider, seen: float | str) -> None:
        """Write down what was seen, or after how many seconds."""
        self.cells.setdefault(what, {})[provider] = seen if isinstance(seen, str) else f"{seen:.0f} s"

    def lines(self) -> list[str]:
        """Give it as Markdown."""
        rows = [
            f"| {what} | " + " | ".join(seen.get(one, "-") for one in PROVIDERS) + " |"
            for what, seen in self.cells.items()
        ]
        return ["| what was seen | Entra ID | GitHub | Cloudflare |", "|---|---|---|---|", *rows]


@dataclass(frozen=True)
class Watch:
    """Something that will be seen, and what must be so from then on."""

    what: str
    provider: Provider
    since: float
    seen: Callable[[], object]
    after: Callable[[], None] = lambda: None


def watch(board: Board, watches: Sequence[Watch], pause: float = 2.0) -> None:
    """Look at all of them again and again until each was seen."""
    waiting, end = list(watches), time.monotonic() + PATIENCE
    for one in watches:
        board.note(one.what, one.provider, "-")
    while waiting:
        for one in list(waiting):
            if one.seen():
                board.note(one.what, one.provider, time.monotonic() - one.since)
                one.after()
                waiting.remove(one)
        assert time.monotonic() < end, [one.what for one in waiting]
        time.sleep(pause)


def _is_administrator(person: Person) -> bool:
    """Look it up where the hub keeps it: a request of theirs would have the hub ask the provider."""
    file = person.hub.running.log.parent / "jupyterhub.sqlite"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        (found,) = database.execute("SELECT admin FROM users WHERE name = ?", (person.name,)).fetchone()
    return bool(found)


@contextmanager
def _hubs(folder: Path, cases: Sequence[Case]) -> Iterator[tuple[World, Mapping[Provider, Hub]]]:
    folder.mkdir()
    with running_world(folder, cases) as world, ExitStack() as running:
        yield world, {one: running.enter_context(hub_of(world, one, STOPS)) for one in PROVIDERS}


def _member(provider: Provider, what: str) -> Case:
    return Case(provider, what, enters())


def _out(person: Person) -> None:
    assert person.browser.me() is None
    assert person.start().status_code == 403


def _no_administrator(person: Person, other: Person) -> None:
    assert person.browser.api("GET", "/users").status_code == 403
    assert person.browser.api("POST", f"/users/{other.name}/server").status_code in {403, 404}
    assert not (person.browser.me() or {}).get("admin")


COMES_BY, STARTS = "leaves and looks every few seconds", "leaves and starts"


def leaving_cases() -> list[Case]:
    """Who leaves, and how."""
    people = [leaver(provider, what) for provider, ways in WAYS.items() for what in ways]
    return [
        *people,
        *(_member(one, what) for one in PROVIDERS for what in (COMES_BY, STARTS)),
        *map(demoted, PROVIDERS),
    ]


def leaving(folder: Path, board: Board) -> None:
    """Let people leave in every way that a provider has, and one lose the administrator's role."""
    with _hubs(folder, leaving_cases()) as (world, hubs):
        watches = [one for hub in hubs.values() for one in _departures(world, hub, board)]
        watch(board, watches)
        for provider, hub in hubs.items():
            case = leaver(provider, next(iter(WAYS[provider])))
            since = time.monotonic()
            world.say({case.person: {}})
            assert comes(world, hub, case).start().status_code in {201, 202}
            board.note("member again: signed in, and a server starts", provider, time.monotonic() - since)


def _departures(world: World, hub: Hub, board: Board) -> Iterator[Watch]:
    provider = hub.provider
    ways = WAYS[provider]
    out = next(iter(ways.values()))
    working = {what: with_server(world, hub, leaver(provider, what)) for what in ways}
    looking, starting = (comes(world, hub, _member(provider, what)) for what in (COMES_BY, STARTS))
    boss = comes(world, hub, demoted(provider))
    assert _is_administrator(boss)
    for what, person in working.items():
        gone = partial(lambda one: one.server() is None, person)
        since = person.change(ways[what])
        yield Watch(f"{what}: server stopped, nobody came by", provider, since, gone, partial(_out, person))
    since = looking.change(out)
    ended = partial(lambda one: one.browser.me() is None, looking)
    yield Watch("out of group or team: session ended, looked every two seconds", provider, since, ended)
    # Whoever was asked about within the last five seconds is not asked about again.
    time.sleep(6)
    since = starting.change(out)
    assert starting.start().status_code == 403
    board.note("out of group or team: a start is refused", provider, time.monotonic() - since)
    since = boss.change(left_role(provider))
    lost = partial(lambda one: not _is_administrator(one), boss)
    after = partial(_no_administrator, boss, next(iter(working.values())))
    yield Watch("administrator's role lost: no administrator, nobody came by", provider, since, lost, after)


STAYS, MEANWHILE, LEAVES = "stays through an outage", "starts during an outage", "leaves during an outage"
CAME = "comes during an outage"


def outage_cases() -> list[Case]:
    """Who is there when the provider goes away, and who is on the way in."""
    there = (STAYS, MEANWHILE, LEAVES, CAME)
    return [*(_member(one, what) for one in PROVIDERS for what in there), *map(demoted, PROVIDERS)]


@dataclass
class Stage:
    """One hub's people in an outage."""

    world: World
    hub: Hub
    board: Board

    def __post_init__(self) -> None:
        provider = self.hub.provider
        self.stays = with_server(self.world, self.hub, _member(provider, STAYS))
        self.leaves = with_server(self.world, self.hub, _member(provider, LEAVES))
        self.starts = comes(self.world, self.hub, _member(provider, MEANWHILE))
        self.boss = comes(self.world, self.hub, demoted(provider))
        self.stranger = self.world.browser(self.hub)
        self._case = _member(provider, CAME)
        password = self.world.passwords[self._case.person]
        self._on_the_way = self.stranger.answer_of_provider(self._case.person, password)

    def note(self, what: str, seen: float | str) -> None:
        """Write down what was seen here."""
        self.board.note(what, self.hub.provider, seen)

    def goes_away(self) -> None:
        """What changes at the provider meanwhile, nobody can know; and nobody gets in."""
        out = next(iter(WAYS[self.hub.provider].values()))
        self.leaves.change(out)
        self.boss.change(left_role(self.hub.provider))
        refused = self.stranger.follow(self._on_the_way)
        assert refused.reason == "provider_unreachable"
        assert self.stranger.me() is None
        self.note("provider away: whoever comes is refused, with the reason", "yes")

    def holds(self) -> None:
        """Everybody who was in is in, with the rights and servers of before; nobody else is."""
        for person in (self.stays, self.leaves, self.starts, self.boss):
            assert (person.browser.me() or {})["name"] == person.name
        assert (self.boss.browser.me() or {})["admin"]
        assert self.stays.server()
        assert self.leaves.server()
        assert self.stranger.me() is None

    def late(self, since: float) -> None:
        """At the end the hub has asked in vain, and whether servers start depends on how long it was."""
        log = self.hub.running.log.read_text()
        assert all(f"says nothing of {one.name}" in log for one in (self.stays, self.leaves, self.boss))
        lasted = time.monotonic() - since
        self.note("provider away: sessions, rights and servers as before, for", lasted)
        answer = self.starts.start()
        started = answer.status_code in {201, 202}
        assert started or (answer.status_code, "does not answer" in answer.text) == (503, True)
        said = "starts" if started else "refused, no word of them for an hour"
        self.note("provider away: a start at the end of that", said)

    def comes_back(self, since: float) -> Iterator[Watch]:
        """What is so again, and what has changed meanwhile and is known now."""
        provider = self.hub.provider
        back = partial(Watch, provider=provider, since=since)
        name, password = self._case.person, self.world.passwords[self._case.person]

        def enters() -> object:
            self.stranger.sign_in(name, password)
            return self.stranger.me()

        yield back("provider back: somebody new signs in", seen=enters)
        yield back("provider back: a server starts", seen=self._starts_again)
        gone = partial(lambda one: one.server() is None, self.leaves)
        after = partial(_out, self.leaves)
        yield back("provider back: who left meanwhile has no server, nobody came by", seen=gone, after=after)
        lost = partial(lambda one: not _is_administrator(one), self.boss)
        after = partial(_no_administrator, self.boss, self.stays)
        yield back("provider back: who lost the role meanwhile is no administrator", seen=lost, after=after)

    def _starts_again(self) -> bool:
        if self.starts.server():
            return True
        return self.starts.start().status_code in {201, 202}


def outage(folder: Path, board: Board, minutes: float) -> None:
    """Take the provider of all hubs away for a while."""
    with _hubs(folder, outage_cases()) as (world, hubs):
        stages = [Stage(world, hub, board) for hub in hubs.values()]
        with world.away():
            since = time.monotonic()
            for stage in stages:
                stage.goes_away()
            while time.monotonic() - since < minutes * 60:
                for stage in stages:
                    stage.holds()
                time.sleep(15)
            for stage in stages:
                stage.late(since)
        since = time.monotonic()
        watch(board, [one for stage in stages for one in stage.comes_back(since)])
        for stage in stages:
            assert (stage.stays.browser.me() or {})["name"] == stage.stays.name
            assert stage.stays.server()


def rows_of(parts: Sequence[Board]) -> dict[str, Any]:
    """Put several tables into one."""
    return {what: seen for part in parts for what, seen in part.cells.items()}
