"""A host for each user's servers, in a real hub: what the browser keeps apart, and what still works."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from jupyterhub.utils import subdomain_hook_idna

from settings.smoke import USER
from tests.hub.routing import Routed, found_here, routed

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NAMES = (
    "ada",
    "ada-lovelace",
    "1a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6",
    "ada@example.org",
    "ada.lovelace@example.org",
    "1234",
    "a--b",
    "under_score",
    "x" * 255,
    USER,
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", found_here)
        with routed(tmp_path_factory.mktemp("hub")) as running:
            yield running


def host_of(answer: requests.Response) -> str:
    return urlsplit(answer.url).hostname or ""


def cookies(browser: requests.Session) -> dict[str, str]:
    """Give the hosts of all cookies, by name; a dot before one is of a cookie for all hosts below."""
    return {one.name: one.domain for one in browser.cookies if one.name != "_xsrf"}


def signed_in_as(hub: Routed, browser: requests.Session, **more: object) -> str | None:
    """Say whom the hub takes a browser for; None for nobody."""
    page = browser.get(f"{hub.url}/hub/home", timeout=30, allow_redirects=False, **more)  # type: ignore[arg-type]
    shown = re.search(r"user: \"([^\"]*)\"", page.text)
    return shown[1] if page.status_code == 200 and shown else None


@pytest.mark.parametrize("name", ["ada", "grace@example.org"])
def test_somebody_signs_in_at_the_hub_and_works_at_a_host_of_their_own(hub: Routed, name: str) -> None:
    _, page = hub.in_server(name)
    assert page.status_code == 200
    assert page.json() == {"server": name, "visitor": name}
    assert page.url.startswith(f"https://{subdomain_hook_idna(name, hub.host, 'user')}:{hub.port}/user/")


def test_every_name_is_one_label_and_nobody_elses() -> None:
    found = [subdomain_hook_idna(name, "", "user").removesuffix(".") for name in NAMES]
    assert [label for label in found if not LABEL.fullmatch(label)] == []
    assert len({*found}) == len(NAMES)


def test_each_cookie_that_opens_something_is_of_one_host(hub: Routed) -> None:
    browser, _ = hub.in_server("ada")
    assert cookies(browser) == {
        "__Host-jupyterhub-hub-login": hub.host,
        "__Host-jupyterhub-user-ada": f"ada.{hub.host}",
        "jupyterhub-session-id": f".{hub.host}",
    }
    assert all(one.secure for one in browser.cookies if one.name.startswith("__Host-"))


def test_a_servers_cookie_opens_neither_the_hub_nor_another_server(hub: Routed) -> None:
    ada, _ = hub.in_server("ada")
    hub.in_server("bob")
    stolen = next(one for one in ada.cookies if one.name == "__Host-jupyterhub-user-ada")
    for place, name in (
        (f"{hub.url}/hub/home", "__Host-jupyterhub-hub-login"),
        (f"{hub.url}/hub/home", stolen.name),
        (f"{hub.at('bob')}/user/bob/", "__Host-jupyterhub-user-bob"),
        (f"{hub.at('bob')}/user/bob/", stolen.name),
    ):
        thief = hub.browser()
        answer = thief.get(place, cookies={name: str(stolen.value)}, timeout=30)
        assert answer.url.startswith(f"{hub.url}/hub/login"), (place, name)


def test_another_users_host_is_refused(hub: Routed) -> None:
    hub.in_server("ada")
    bob, _ = hub.in_server("bob")
    answer = bob.get(f"{hub.at('ada')}/user/ada/", timeout=30)
    assert answer.status_code == 403
    assert "visitor" not in answer.text
    assert bob.get(f"{hub.at('bob')}/user/bob/", timeout=30).json()["visitor"] == "bob"


def test_the_hub_gives_the_key_of_a_server_to_its_own_host_alone(hub: Routed) -> None:
    ada, _ = hub.in_server("ada")
    for host, expected in ((hub.at("ada"), 302), (hub.at("bob"), 400), (hub.url, 400)):
        asked = {
            "client_id": "jupyterhub-user-ada",
            "redirect_uri": f"{host}/user/ada/oauth_callback",
            "response_type": "code",
            "state": "x",
        }
        address = f"{hub.url}/hub/api/oauth2/authorize?{urlencode(asked)}"
        answer = ada.get(address, timeout=30, allow_redirects=False)
        assert answer.status_code == expected, host


def test_a_cookie_that_a_server_gives_for_all_hosts_is_not_the_hubs(hub: Routed) -> None:
    ada, bob = hub.signed_in("ada"), hub.signed_in("bob")
    value = next(str(one.value) for one in bob.cookies if one.name == "__Host-jupyterhub-hub-login")
    victim = hub.browser()
    # What bob's page could set: not under a name that begins with __Host-.
    for browser in (ada, victim):
        browser.cookies.set("jupyterhub-hub-login", value, domain=f".{hub.host}", path="/")
    assert signed_in_as(hub, ada) == "ada"
    assert signed_in_as(hub, victim) is None


def test_a_page_of_a_server_cannot_act_at_the_hub(hub: Routed) -> None:
    ada, _ = hub.in_server("ada")
    by_script = {
        "Origin": hub.at("ada"),
        "Referer": f"{hub.at('ada')}/user/ada/",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "same-site",
    }
    for method, path in (("POST", "/users/ada/tokens"), ("DELETE", "/users/ada/server"), ("GET", "/user")):
        answer = ada.request(method, f"{hub.url}/hub/api{path}", headers=by_script, timeout=30)
        assert answer.status_code == 403, path
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_signing_out_ends_the_server_too(hub: Routed) -> None:
    ada, page = hub.in_server("ada")
    assert ada.get(page.url, timeout=30).json()["visitor"] == "ada"
    ada.get(f"{hub.url}/hub/logout", timeout=30)
    assert signed_in_as(hub, ada) is None
    assert ada.get(page.url, timeout=30).url.startswith(f"{hub.url}/hub/login")


def test_an_address_of_before_leads_to_the_new_one(hub: Routed) -> None:
    ada, _ = hub.in_server("ada")
    answer = ada.get(f"{hub.url}/user/ada/lab", timeout=30)
    assert host_of(answer) == f"ada.{hub.host}"
    assert urlsplit(answer.url).path == "/user/ada/lab"
    # Of a server that does not run, to the page that starts one.
    answer = hub.signed_in("eve").get(f"{hub.url}/user/eve/lab", timeout=30)
    assert (host_of(answer), answer.status_code) == (hub.host, 424)
