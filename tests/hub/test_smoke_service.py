"""What the token of `ops smoke` opens in a real hub, and what stays shut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from chart.values import build
from settings.smoke import SERVICE, USER
from tests.hub.running import RunningHub, running_hub
from tests.unit.documents import settings_of

PASSWORD = "what everybody types"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    values = build(settings_of("iav-test"))["hub"]
    by_password: dict[str, dict[str, object]] = {
        "JupyterHub": {"authenticator_class": "dummy"},
        "DummyAuthenticator": {"password": PASSWORD, "allow_all": True},
    }
    with running_hub(tmp_path_factory.mktemp("hub"), values, by_password) as running:
        yield running


def sign_in(hub: RunningHub, name: str) -> requests.Response:
    session = requests.Session()
    session.get(f"{hub.url}/hub/login", timeout=30)
    form = {"username": name, "password": PASSWORD, "_xsrf": session.cookies["_xsrf"]}
    return session.post(f"{hub.url}/hub/login", data=form, timeout=30, allow_redirects=False)


def test_it_makes_and_removes_its_own_account(hub: RunningHub) -> None:
    assert hub.ask("POST", f"/users/{USER}", SERVICE).status_code == 201
    assert hub.ask("GET", f"/users/{USER}", SERVICE).json()["name"] == USER
    # It may start a server; that none can start here is another matter than a refusal.
    assert hub.ask("POST", f"/users/{USER}/server", SERVICE).status_code == 500
    assert hub.ask("DELETE", f"/users/{USER}", SERVICE).status_code == 204


def test_of_everybody_else_it_sees_and_does_nothing(hub: RunningHub) -> None:
    assert sign_in(hub, "ada").status_code == 302
    for method, path in (
        ("POST", "/users/grace"),
        ("GET", "/users/ada"),
        ("DELETE", "/users/ada"),
        ("POST", "/users/ada/server"),
        ("DELETE", "/users/ada/server"),
        ("POST", "/users/ada/tokens"),
        ("PATCH", "/users/ada"),
        ("POST", "/shutdown"),
        ("GET", "/services"),
        ("GET", "/proxy"),
        ("POST", "/groups/admins"),
    ):
        assert hub.ask(method, path, SERVICE).status_code in {403, 404}, (method, path)
    assert hub.ask("GET", "/users", SERVICE).json() == []


def test_it_cannot_make_its_account_an_administrator(hub: RunningHub) -> None:
    assert hub.ask("POST", f"/users/{USER}", SERVICE, json={"admin": True}).status_code == 403
    assert hub.ask("POST", f"/users/{USER}", SERVICE).status_code == 201
    changed = hub.ask("PATCH", f"/users/{USER}", SERVICE, json={"admin": True})
    assert hub.ask("DELETE", f"/users/{USER}", SERVICE).status_code == 204
    assert changed.status_code == 403, changed.text


@pytest.mark.parametrize("name", [USER, USER.upper(), f" {USER} "])
def test_nobody_signs_in_as_it(hub: RunningHub, name: str) -> None:
    assert sign_in(hub, name).status_code == 403


def test_a_token_of_prometheus_opens_none_of_it(hub: RunningHub) -> None:
    assert hub.ask("POST", f"/users/{USER}", "prometheus").status_code == 403
