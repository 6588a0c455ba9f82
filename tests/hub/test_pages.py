"""Pages of ours in a real hub: they say whose it is, how one gets in and why not, to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from jupyterhub._data import DATA_FILES_PATH

from chart.values import build
from tests.hub.page_reading import Read, faults
from tests.hub.running import More, RunningHub, running_hub
from tests.hub.trail import browser, sign_in
from tests.unit.documents import PROJECT, settings_of

PASSWORD = "what all testers type"
TOLD = {
    "about": {"help": "https://help.aiv.internal/jupyter"},
    "auth": {"contact": "the platform team, platform@aiv.example & others"},
}
WAYS = {
    "iav-test": "test",
    "aiv-prod": "Microsoft Entra ID",
    "lab": "GitHub",
    "carbon254": "Cloudflare Access",
}


@pytest.fixture(scope="module", params=sorted(WAYS))
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    values = build(settings_of(request.param, TOLD))
    config: dict[str, dict[str, Any]] = {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}
    config = config if request.param == "iav-test" else {}
    folder = tmp_path_factory.mktemp(request.param)
    with running_hub(folder, values["hub"], config, More(values=values)) as running:
        yield running


def stack(hub: RunningHub) -> str:
    return next(name for name in WAYS if hub.log.parent.name.startswith(name))


def page(hub: RunningHub, path: str) -> requests.Response:
    return requests.get(f"{hub.url}/hub{path}", timeout=30)


def test_the_sign_in_page_says_whose_hub_it_is_and_the_way_in(hub: RunningHub) -> None:
    answer = page(hub, "/login")
    read = Read(answer.text)
    organisation = settings_of(stack(hub)).about.organisation
    assert answer.status_code == 200
    assert organisation in read.all("h1")[0].text
    assert organisation in read.all("title")[0].text
    assert WAYS[stack(hub)] in read.find("way-in").text
    assert TOLD["auth"]["contact"] in read.all("footer")[0].text
    assert TOLD["about"]["help"] in [one.attributes.get("href") for one in read.all("a")]
    assert not read.has("refusal")
    assert read.has("insecure-login-warning")
    if stack(hub) == "iav-test":
        assert read.find("username_input").attributes.keys() >= {"autofocus", "required"}
        assert not read.has("sign-in")
    else:
        assert WAYS[stack(hub)] in read.find("sign-in").text
        assert "/hub/oauth_login" in read.find("sign-in").attributes["href"]


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/api/nowhere-but-json", "/logout", "/error/503"])
def test_no_page_leaves_anybody_behind(hub: RunningHub, path: str) -> None:
    answer = page(hub, path)
    if "html" in answer.headers["Content-Type"]:
        assert faults(answer.text) == []


@pytest.mark.parametrize(
    ("path", "status", "word", "shown"),
    [
        ("code=1&state=abc", 400, "state_mismatch", "did not begin here"),
        (
            "error=access_denied&error_description=AADSTS50105%3A+click+evil.example",
            400,
            "provider_refused",
            "AADSTS50105",
        ),
        ("error=access_denied", 400, "provider_refused", "access_denied"),
        ("state=abc", 400, "code_missing", "without a sign-in"),
    ],
)
def test_a_refusal_on_the_way_back_has_its_reason_and_whom_to_ask(
    hub: RunningHub, path: str, status: int, word: str, shown: str
) -> None:
    if stack(hub) == "iav-test":
        return
    answer = page(hub, f"/oauth_callback?{path}")
    read = Read(answer.text)
    assert answer.status_code == status
    assert read.find("refusal").attributes["data-reason"] == word
    assert shown in read.all("main")[0].text
    assert "evil.example" not in answer.text
    assert TOLD["auth"]["contact"] in read.all("main")[0].text
    assert faults(answer.text) == []
    assert read.all("title")[0].text.startswith(read.all("h1")[0].text)


def test_a_wrong_password_is_read_out_and_bound_to_its_fields(hub: RunningHub) -> None:
    if stack(hub) != "iav-test":
        return
    answer = sign_in(hub, browser(hub), '<b>"nobody', "wrong")
    read = Read(answer.text)
    assert answer.status_code == 403
    assert read.find("login-error").attributes["role"] == "alert"
    assert read.find("refusal").attributes["data-reason"] == "wrong_password"
    assert TOLD["auth"]["contact"] in read.find("login-error").text
    for name in ("username_input", "password_input"):
        assert read.find(name).attributes["aria-invalid"] == "true"
        assert read.find(name).attributes["aria-describedby"] == "login-error"
    assert read.find("username_input").attributes["value"] == '<b>"nobody'
    assert faults(answer.text) == []
    answer = requests.post(f"{hub.url}/hub/login", data={"username": "x", "password": "y"}, timeout=30)
    assert Read(answer.text).find("refusal").attributes["data-reason"] == "form_expired"


def test_whoever_leaves_is_told_so_and_where_else_to_leave(hub: RunningHub) -> None:
    answer = page(hub, "/logout")
    read = Read(answer.text)
    assert answer.url == f"{hub.url}/hub/logout"
    assert "signed out" in read.all("h1")[0].text
    assert read.has("provider-sign-out") == (stack(hub) != "iav-test")
    if read.has("provider-sign-out"):
        assert "logout" in read.find("provider-sign-out").attributes["href"]


def test_every_template_lies_over_one_of_the_hubs_own() -> None:
    own = Path(DATA_FILES_PATH) / "templates"
    ours = sorted((PROJECT / "files" / "hub" / "pages").glob("*.html"))
    assert ours
    for place in ours:
        assert (own / place.name).is_file(), place.name
        assert "{% extends" in place.read_text()
