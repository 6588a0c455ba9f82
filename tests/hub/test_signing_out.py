"""Signing out at a real hub: a cookie that somebody copied before is as good as none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from chart.values import build
from tests.hub.running import More, RunningHub, running_hub
from tests.hub.trail import api, browser, sign_in
from tests.unit.documents import settings_of

PASSWORD = "what all testers type"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    values = build(settings_of("local"))
    config = {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}
    with running_hub(
        tmp_path_factory.mktemp("hub"), values["hub"], config, More(values=values, starts=True)
    ) as running:
        yield running


def signed_in(hub: RunningHub, name: str, password: str) -> requests.Session:
    session = browser(hub)
    assert sign_in(hub, session, name, password).status_code == 302
    session.get(f"{hub.url}/hub/home", timeout=30)
    return session


def within(hub: RunningHub, session: requests.Session) -> bool:
    """Tell whether the hub lets this browser in without another sign-in."""
    answer = session.get(f"{hub.url}/hub/home", timeout=30, allow_redirects=False)
    assert answer.status_code in {200, 302}
    return answer.status_code == 200


def leave(hub: RunningHub, session: requests.Session) -> requests.Response:
    return session.get(f"{hub.url}/hub/logout", timeout=30)


def copied(hub: RunningHub, session: requests.Session) -> requests.Session:
    """Give another browser with the same cookies."""
    other = browser(hub)
    other.cookies.update(session.cookies)
    return other


def test_a_copied_cookie_ends_with_the_session(hub: RunningHub) -> None:
    ada = signed_in(hub, "ada", PASSWORD)
    thief = copied(hub, ada)
    assert within(hub, thief)
    assert leave(hub, ada).status_code == 200
    assert not within(hub, ada)
    assert not within(hub, thief)


def test_every_browser_of_that_person_is_signed_out_and_nobody_else(hub: RunningHub) -> None:
    here, there, bob = (signed_in(hub, name, PASSWORD) for name in ("ada", "ada", "bob"))
    leave(hub, here)
    assert not within(hub, there)
    assert within(hub, bob)
    assert within(hub, signed_in(hub, "ada", PASSWORD))


def test_tokens_made_by_hand_and_the_server_go_on(hub: RunningHub) -> None:
    ada = signed_in(hub, "ada", PASSWORD)
    made = api(hub, ada, "POST", "/users/ada/tokens", json={"note": "a program's"}).json()["token"]
    assert api(hub, ada, "POST", "/users/ada/server").status_code in {201, 202}
    leave(hub, ada)
    by_token = {"Authorization": f"token {made}"}
    told = requests.get(f"{hub.url}/hub/api/user", headers=by_token, timeout=30)
    assert told.status_code == 200
    assert told.json()["servers"]


def test_whoever_only_shows_a_token_ends_no_session(hub: RunningHub) -> None:
    bob = signed_in(hub, "bob", PASSWORD)
    made = api(hub, bob, "POST", "/users/bob/tokens", json={"note": "a program's"}).json()["token"]
    requests.get(f"{hub.url}/hub/logout", headers={"Authorization": f"token {made}"}, timeout=30)
    assert within(hub, bob)
