"""Who leaves, at the running hub: signed in by a browser, with a server that runs, until all of it has ended.

The hub asks every few seconds here, where it asks every ten minutes in earnest: `tests.hub.measure_leaving`
leaves it its own pace.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from chart.sign_in import authenticator
from tests.hub.cases import STACKS, Case, Provider, enters
from tests.hub.cases_browser import Browser
from tests.hub.cases_run import write
from tests.hub.cases_world import Changed, Hub, World, hub_of, running_world
from tests.unit.documents import committed, settings_of

# Twice the pace of the hub of these tests, and what its requests take.
SOON = 25
PACE: Mapping[str, Any] = {"auth_refresh_age": 4, "round_pause": 1, "proof_lasts": 8}
ANNOUNCED: list[str] = ["| provider | who | what was seen | after |", "|---|---|---|---|"]

WAYS: Mapping[Provider, Mapping[str, Mapping[str, Any]]] = {
    "entra": {
        "out of the groups": {"claims": {"groups": []}},
        "disabled": {"faults": ["disabled"]},
        "sessions revoked": {"faults": ["revoked"]},
        "in too many groups, unanswered": {"faults": ["overage", "forbids"], "at": ["api"]},
    },
    "github": {
        "out of the team": {"claims": {"teams": []}},
        "disabled": {"faults": ["disabled"]},
        "authorization revoked": {"faults": ["revoked"]},
        "renamed": {"claims": {"login": "another-name"}},
    },
    "cloudflare": {
        "out of the groups": {"claims": {"groups": []}},
        "disabled": {"faults": ["disabled"]},
        "sessions revoked": {"faults": ["revoked"]},
    },
}
ALL = [(provider, what) for provider, ways in WAYS.items() for what in ways]


def leaver(provider: Provider, what: str) -> Case:
    return Case(provider, f"leaves {what}", enters())


def demoted(provider: Provider) -> Case:
    return Case(provider, "demoted", enters(admin=True), member_of=("administrator",))


def left_role(provider: Provider) -> Mapping[str, Any]:
    """What becomes of an administrator at the provider who is none any more."""
    groups = committed(STACKS[provider])["auth"]["groups"]
    if provider != "github":
        return {"claims": {"groups": [groups["users"]]}}
    return {"claims": {"teams": [groups["members"].partition(":")[0], groups["members"]]}}


def stays(provider: Provider) -> Case:
    return Case(provider, "stays through an outage", enters())


CASES = [
    *(leaver(*one) for one in ALL),
    *(demoted(provider) for provider in WAYS),
    *(stays(provider) for provider in WAYS),
]


@dataclass
class Person:
    """Somebody at a hub: the browser, and the name there."""

    world: World
    hub: Hub
    case: Case
    browser: Browser
    name: str

    def change(self, change: Mapping[str, Any]) -> float:
        """Let something become of them at the provider; gives the moment."""
        self.world.say({self.case.person: dict(change)})
        return time.monotonic()

    def start(self) -> requests.Response:
        return self.browser.api("POST", f"/users/{self.name}/server")

    def server(self) -> str | None:
        """Give the token of the running server, as its process has it."""
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                variables = dict(
                    pair.partition("=")[::2]
                    for pair in place.read_bytes().decode().split("\0")
                    if "=" in pair
                )
            except (OSError, UnicodeDecodeError):
                continue
            hub = variables.get("JUPYTERHUB_API_URL", "").startswith(self.hub.running.url)
            if hub and variables.get("JUPYTERHUB_USER") == self.name and "idle.py" in _command(place.parent):
                return variables["JUPYTERHUB_API_TOKEN"]
        return None

    def by_token(self, token: str, method: str, path: str, **more: Any) -> int:  # noqa: ANN401 -- requests' own
        headers = {"Authorization": f"token {token}"}
        url = f"{self.hub.running.url}/hub/api{path}"
        return requests.request(method, url, headers=headers, timeout=30, **more).status_code

    def told(self, since: float, what: str) -> None:
        ANNOUNCED.append(
            f"| {self.case.provider} | {self.case.what} | {what} | {time.monotonic() - since:.0f} s |"
        )


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode()
    except OSError:
        return ""


def until(what: Callable[[], object], seconds: float = SOON) -> None:
    """Wait for something, as long as it may take."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.3)


def log_says(person: Person, text: str) -> bool:
    return text in person.hub.running.log.read_text()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("leaving"), CASES) as running:
        yield running
    write("leaving", ANNOUNCED)


def changed(provider: Provider, leaving: str) -> Changed:
    ours = {"entra": "Entra", "github": "GitHub", "cloudflare": "Cloudflare"}[provider]
    base = authenticator(settings_of(STACKS[provider]).auth)
    pace = "".join(f"c.{name}.{key} = {value}\n" for name in (ours, base) for key, value in PACE.items())
    return Changed({"auth": {"leaving": leaving}}, then=pace.replace(f"c.{base}.", f"c.{ours}."), starts=True)


def comes(world: World, hub: Hub, case: Case) -> Person:
    browser = world.browser(hub)
    browser.sign_in(case.person, world.passwords[case.person])
    me = browser.me()
    assert me, browser.pages[-1][-2000:]
    return Person(world, hub, case, browser, me["name"])


def with_server(world: World, hub: Hub, case: Case) -> Person:
    person = comes(world, hub, case)
    assert person.start().status_code in {201, 202}
    until(lambda: (person.browser.me() or {}).get("server"), 60)
    assert person.server()
    return person


@pytest.fixture(scope="module", params=list(WAYS))
def stopping(request: pytest.FixtureRequest, world: World) -> Iterator[Hub]:
    with hub_of(world, request.param, changed(request.param, "stopServers")) as hub:
        yield hub


@pytest.fixture(scope="module", params=list(WAYS))
def keeping(request: pytest.FixtureRequest, world: World) -> Iterator[Hub]:
    with hub_of(world, request.param, changed(request.param, "keepServers")) as hub:
        yield hub


def test_the_server_of_who_left_stops_without_a_request(stopping: Hub, world: World) -> None:
    people = [
        (what, with_server(world, stopping, leaver(stopping.provider, what)))
        for what in WAYS[stopping.provider]
    ]
    moments = [(person, person.change(WAYS[stopping.provider][what])) for what, person in people]
    waiting = dict(enumerate(moments))

    def all_stopped() -> bool:
        for at, (person, since) in list(waiting.items()):
            if person.server() is None:
                person.told(since, "server stopped, no request made")
                del waiting[at]
        return not waiting

    until(all_stopped)
    for person, since in moments:
        assert person.browser.me() is None
        assert person.start().status_code == 403
        assert since
        person.change({})


def test_the_server_of_who_left_runs_on_where_that_is_set(keeping: Hub, world: World) -> None:
    what = next(iter(WAYS[keeping.provider]))
    person = with_server(world, keeping, leaver(keeping.provider, what))
    own = person.browser.api("POST", f"/users/{person.name}/tokens", json={}).json()["token"]
    assert person.by_token(own, "GET", "/user") == 200
    since = person.change(WAYS[keeping.provider][what])
    until(lambda: log_says(person, f"{person.name} has left"))
    person.told(since, "signed out, no request made; server runs on")
    token = person.server()
    assert token
    moment = datetime.now(UTC).isoformat()
    now = {"last_activity": moment, "servers": {"": {"last_activity": moment}}}
    # The server reports as before; nothing else is open to it, nor to a token of the user's own.
    for _ in range(2):
        assert person.by_token(token, "POST", f"/users/{person.name}/activity", json=now) == 200
        assert person.by_token(token, "GET", "/user") == 403
    assert person.by_token(own, "GET", "/user") == 403
    assert person.by_token(own, "POST", f"/users/{person.name}/servers/other") == 403
    assert person.browser.me() is None
    assert person.start().status_code == 403
    refused = person.browser.sign_in(person.case.person, world.passwords[person.case.person])
    assert refused.status == 403
    assert refused.reason == "not_member"
    person.change({})
    person.browser.sign_in(person.case.person, world.passwords[person.case.person])
    assert (person.browser.me() or {})["name"] == person.name


def test_who_administers_no_longer_does_so_no_longer(keeping: Hub, world: World) -> None:
    provider = keeping.provider
    person = comes(world, keeping, demoted(provider))
    assert (person.browser.me() or {})["admin"]
    assert person.browser.api("GET", "/users").status_code == 200
    own = person.browser.api("POST", f"/users/{person.name}/tokens", json={}).json()["token"]
    since = person.change(left_role(provider))
    until(lambda: person.by_token(own, "GET", "/users") != 200)
    person.told(since, "no administrator by token or session")
    assert person.browser.api("GET", "/users").status_code == 403
    me = person.browser.me()
    assert me is not None, "whoever is a member still stays in"
    assert not me.get("admin")
    person.change({})


def test_an_outage_leaves_sessions_and_opens_nothing(keeping: Hub, world: World) -> None:
    person = with_server(world, keeping, stays(keeping.provider))
    stranger = world.browser(keeping)
    gone = partial(person.browser.api, "DELETE", f"/users/{person.name}/server")
    with world.away():
        since = time.monotonic()
        until(lambda: log_says(person, f"says nothing of {person.name}"))
        assert (person.browser.me() or {})["name"] == person.name
        person.told(since, "provider away: session and server go on")
        assert person.server()
        assert stranger.me() is None
        assert gone().status_code in {202, 204}
        until(lambda: person.server() is None)
        until(lambda: time.monotonic() - since > PACE["proof_lasts"] + 1)
        refused = person.start()
        assert (refused.status_code, "does not answer" in refused.text) == (503, True)
        person.told(since, "start refused: no proof for too long")
        assert (person.browser.me() or {})["name"] == person.name
    since = time.monotonic()
    # Of whom it was silent the provider is asked again after half a minute.
    until(lambda: person.start().status_code in {201, 202}, 45)
    person.told(since, "provider back: server starts")
