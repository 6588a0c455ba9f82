"""What became of people during an outage is true after it; and tokens that are good once suffice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from embedded.world.identity.tokens import Tokens
from tests.hub.cases import STACKS, Case, Provider, auth_of, enters
from tests.hub.cases_browser import Browser
from tests.hub.cases_run import write
from tests.hub.cases_world import Changed, Hub, World, hub_of, running_world
from tests.unit.documents import committed

OURS: Mapping[Provider, str] = {"entra": "Entra", "github": "GitHub", "cloudflare": "Cloudflare"}
# Seconds: the hub asks again after so many, and after an outage, too.
AGE = 4
PACE = """
import id_tokens
import leaving
id_tokens._PAUSE = 2.0
leaving._PAUSE = 1.0
leaving._JUST_NOW = 0.5
c.{ours}.auth_refresh_age = {age}
c.{ours}.round_pause = 1
"""
SOON = 30.0
LEAVES, STAYS, DEMOTED, TURNS = (
    "who left meanwhile",
    "who stayed",
    "who was demoted meanwhile",
    "whose tokens turn",
)
WORKS, GOES, COMES = "who works meanwhile", "who goes meanwhile", "who comes meanwhile"
TIMES = ["| provider | who | what was seen | after |", "|---|---|---|---|"]


def cases(provider: Provider) -> list[Case]:
    kinds = [LEAVES, STAYS, TURNS, WORKS, GOES, COMES]
    found = [Case(provider, what, enters()) for what in kinds]
    return [*found, Case(provider, DEMOTED, enters(admin=True), ("administrator",))]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    every = [case for provider in STACKS for case in cases(provider)]
    with running_world(tmp_path_factory.mktemp("recovery"), every) as running:
        yield running
    write("recovery", TIMES)


@pytest.fixture(scope="module", params=list(STACKS))
def hub(request: pytest.FixtureRequest, world: World) -> Iterator[Hub]:
    pace = PACE.format(ours=OURS[request.param], age=AGE)
    with hub_of(world, request.param, Changed({"auth": auth_of(request.param)}, then=pace)) as running:
        yield running


def signed_in(world: World, hub: Hub, what: str) -> Browser:
    (case,) = [case for case in cases(hub.provider) if case.what == what]
    browser = world.browser(hub)
    browser.sign_in(case.person, world.passwords[case.person])
    assert browser.me()
    return browser


def say(world: World, hub: Hub, what: str, change: Mapping[str, Any]) -> None:
    (case,) = [case for case in cases(hub.provider) if case.what == what]
    world.say({case.person: change})


def until(what: Callable[[], object], since: float | None = None) -> float:
    """Wait for something; gives the seconds since then, or since now."""
    begun = since or time.monotonic()
    while not what():
        assert time.monotonic() - begun < SOON
        time.sleep(0.3)
    return time.monotonic() - begun


def told(hub: Hub, who: str, what: str, seconds: float) -> None:
    TIMES.append(f"| {hub.provider} | {who} | {what} | {seconds:.1f} s |")


def silences(hub: Hub) -> int:
    return hub.running.log.read_text().count("says nothing of")


def is_admin(browser: Browser) -> bool:
    return bool((browser.me() or {}).get("admin"))


def test_who_left_during_an_outage_is_out_after_it(hub: Hub, world: World) -> None:
    leaver, member = signed_in(world, hub, LEAVES), signed_in(world, hub, STAYS)
    demoted = signed_in(world, hub, DEMOTED)
    log = hub.running.log.read_text
    with world.away():
        say(world, hub, LEAVES, {"claims": {"groups": [], "teams": []}})
        groups = committed(STACKS[hub.provider])["auth"]["groups"]
        plain = groups["members" if hub.provider == "github" else "users"]
        left = [plain.partition(":")[0], plain]
        say(world, hub, DEMOTED, {"claims": {"groups": left, "teams": left}})
        # Whoever comes by is let in, while the provider is asked and says nothing.
        until(lambda: leaver.me() and member.me() and log().count("says nothing of") >= 2)
        assert all(browser.me() for browser in (leaver, member))
        assert is_admin(demoted)
    back = time.monotonic()
    told(hub, LEAVES, "signed out, after the provider was back", until(lambda: leaver.me() is None, back))
    seconds = until(lambda: not is_admin(demoted), back)
    told(hub, DEMOTED, "no administrator, after the provider was back", seconds)
    assert demoted.me()
    assert member.me()


@pytest.mark.parametrize("hub", ["entra", "cloudflare"], indirect=True)
def test_a_session_lives_on_tokens_that_are_good_once(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned: list[str] = []
    sign = Tokens.sign

    def counted(self: Tokens, claims: Mapping[str, Any], life: float, ahead: float = 0.0) -> str:
        if "refresh" in str(claims.get("kind")):
            turned.append(str(claims["sub"]))
        return sign(self, claims, life, ahead)

    world.say({"everybody": {"faults": ["once"]}})
    browser = signed_in(world, hub, TURNS)
    monkeypatch.setattr(Tokens, "sign", counted)
    me = browser.me()
    # Each of them is given for the one before.
    seconds = until(lambda: browser.me() is None or sum(TURNS.split()[0] in who for who in turned) >= 3)
    assert browser.me() == me or (browser.me() or {})["name"] == (me or {})["name"]
    told(hub, TURNS, "signed in, three refresh tokens later", seconds)
    world.say({"everybody": {}})


@pytest.mark.parametrize("hub", ["entra", "cloudflare"], indirect=True)
def test_sessions_outlive_a_change_of_keys(hub: Hub, world: World) -> None:
    works, goes = signed_in(world, hub, WORKS), signed_in(world, hub, GOES)
    world.say({"everybody": {"faults": ["rotated"]}})
    begun = time.monotonic()
    say(world, hub, GOES, {"claims": {"groups": []}})
    # That is told by a token of the new key alone.
    seconds = until(lambda: goes.me() is None, begun)
    assert "who-goes-meanwhile" in hub.running.log.read_text()
    assert "has left (token_invalid)" not in hub.running.log.read_text()
    assert works.me()
    assert signed_in(world, hub, COMES).me()
    told(hub, GOES, "signed out, by a token of the provider's new key", seconds)
    world.say({"everybody": {}})


@pytest.mark.parametrize("hub", ["github"], indirect=True)
def test_a_used_up_allowance_lets_nobody_in_and_signs_nobody_out(hub: Hub, world: World) -> None:
    works = signed_in(world, hub, WORKS)
    (newcomer,) = [case for case in cases(hub.provider) if case.what == COMES]
    for fault in ("spent", "throttles", "limits"):
        world.say({"everybody": {"faults": [fault], "at": ["api"]}})
        # Whoever works goes on working, while the provider is asked and says nothing.
        known = silences(hub) + 1
        end = time.monotonic() + SOON
        while works.me() and silences(hub) < known and time.monotonic() < end:
            time.sleep(0.3)
        assert silences(hub) >= known
        browser = world.browser(hub)
        seen = browser.sign_in(newcomer.person, world.passwords[newcomer.person])
        assert (seen.status, seen.reason) == (503, "provider_error")
        assert browser.me() is None
        assert works.me()
    world.say({"everybody": {}})
    assert signed_in(world, hub, COMES).me()
