"""The shared password in the real authenticator: what our settings promise of it is what it does."""

from __future__ import annotations

import sys
from asyncio import run
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from pydantic import SecretStr
from traitlets.config import Config
from traitlets.traitlets import TraitError

from chart.values import build
from settings.credentials import check
from settings.flat import SHORTEST_ADMIN_PASSWORD, SHORTEST_USER_PASSWORD
from tests.hub.page_reading import Read
from tests.hub.running import More, RunningHub, running_hub
from tests.hub.trail import browser, lines, sign_in
from tests.unit.documents import PROJECT, TODAY, settings_of

sys.path.insert(0, str(PROJECT / "files" / "hub"))
from last_day import Over, until

TESTERS, ADMINISTRATORS = "12345678", "an administrator's password, of 32 and more"
TESTER, ADMINISTRATOR = "tester-1", "jupyterhub-admin"


def authenticator(**passwords: str) -> SharedPasswordAuthenticator:
    """Make it as the hub does: from `hub.config` of the values, with the passwords beside it."""
    config = Config(build(settings_of("iav-test"))["hub"]["config"])
    config.SharedPasswordAuthenticator.update(passwords)
    made = SharedPasswordAuthenticator(config=config)
    # The hub does so at its start.
    made.allowed_users |= made.admin_users
    return made


BOTH = {"user_password": TESTERS, "admin_password": ADMINISTRATORS}


def comes_in(one: SharedPasswordAuthenticator, name: str, password: str) -> dict[str, Any] | None:
    model: dict[str, Any] | None = run(
        one.get_authenticated_user(None, {"username": name, "password": password})
    )
    return model


@pytest.mark.parametrize(
    ("name", "password", "admin"),
    [
        (TESTER, TESTERS, False),
        (TESTER.upper(), TESTERS, False),
        (ADMINISTRATOR, ADMINISTRATORS, True),
        (ADMINISTRATOR.title(), ADMINISTRATORS, True),
        (ADMINISTRATOR, TESTERS, None),
        # JupyterHub 5.5.0 let these in as the administrator.
        (ADMINISTRATOR.upper(), TESTERS, None),
        (ADMINISTRATOR.title(), TESTERS, None),
        (TESTER, ADMINISTRATORS, None),
        (TESTER, "", None),
        (TESTER, TESTERS[:-1], None),
        ("somebody-else", TESTERS, None),
        ("somebody-else", ADMINISTRATORS, None),
        ("ops.smoke", TESTERS, None),
        ("", TESTERS, None),
    ],
)
def test_each_password_opens_its_own_names_and_no_other(name: str, password: str, admin: bool | None) -> None:
    model = comes_in(authenticator(**BOTH), name, password)
    assert (model and model["admin"]) is admin


def test_without_a_password_of_theirs_there_are_no_administrators() -> None:
    one = authenticator(user_password=TESTERS)
    for password in (TESTERS, "", "None"):
        assert comes_in(one, ADMINISTRATOR, password) is None


def test_the_lengths_that_we_ask_for_are_those_that_the_hub_takes() -> None:
    for name, shortest in (
        ("user_password", SHORTEST_USER_PASSWORD),
        ("admin_password", SHORTEST_ADMIN_PASSWORD),
    ):
        assert getattr(authenticator(**{name: "x" * shortest}), name)
        with pytest.raises((TraitError, ValueError)):
            getattr(authenticator(**{name: "x" * (shortest - 1)}), name)
    assert (SHORTEST_USER_PASSWORD, SHORTEST_ADMIN_PASSWORD) == (8, 32)


def test_one_password_for_both_is_refused_by_us_and_by_the_hub() -> None:
    same = "one password for testers and administrators"
    with pytest.raises((TraitError, ValueError)):
        authenticator(user_password=same, admin_password=same)
    given = {"sharedPassword": SecretStr(same), "adminPassword": SecretStr(same)}
    found = check(given, settings_of("iav-test"), TODAY).findings
    assert "shared password" in "".join(one.what for one in found)


def test_the_last_day_is_the_first_on_which_nobody_comes_in() -> None:
    today = datetime.now(UTC).date()
    for days, opens in ((1, True), (0, False), (-1, False)):
        one = authenticator(**BOTH)
        one.post_auth_hook = until((today + timedelta(days=days)).isoformat())
        if opens:
            assert comes_in(one, TESTER, TESTERS)
            continue
        for name, password in ((TESTER, TESTERS), (ADMINISTRATOR, ADMINISTRATORS)):
            with pytest.raises(Over):
                comes_in(one, name, password)


@pytest.fixture
def over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    values = build(settings_of("iav-test"))
    assert values["custom"]["lastDay"] == "2027-06-30"
    values["custom"]["lastDay"] = "2026-01-01"
    config: dict[str, dict[str, Any]] = {"SharedPasswordAuthenticator": BOTH}
    with running_hub(tmp_path_factory.mktemp("over"), values["hub"], config, More(values=values)) as running:
        yield running


def test_a_hub_that_runs_past_its_last_day_says_so(over: RunningHub) -> None:
    answer = sign_in(over, browser(over), TESTER, TESTERS)
    assert answer.status_code == 403
    assert Read(answer.text).find("refusal").attributes["data-reason"] == "test_over"
    (line,) = [line for line in lines(over) if line["event"] == "sign_in"]
    assert (line["outcome"], line["user"], line["reason"]) == ("refused", TESTER, "test_over")
