"""Servers at hosts of their own, seen by a browser: what its pages cannot do, and who is let in."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page

from embedded.world import User
from tests.e2e.browser import page_of
from tests.e2e.visited import Visited

_ASK = "address => fetch(address, {credentials: 'include'}).then(() => 'read', () => 'refused')"
_SET = "([name, domain]) => { document.cookie = `${name}=forged; domain=${domain}; path=/; secure` }"


def kept_apart(page: Page, visited: Visited, user: User) -> None:
    """Look from the page of somebody's server, where the stack has such hosts; else all is at the hub's."""
    hub = visited.hub
    host = str(urlsplit(hub.url).hostname)
    own = f"{user.hub_name}.{host}" if visited.settings["ingress"].get("userSubdomains") else host
    assert urlsplit(page.url).hostname == own
    if own == host:
        return
    place = f"https://{own}/user/{user.hub_name}/api/status"
    assert page.evaluate(_ASK, place) == "read"
    assert page.evaluate(_ASK, f"{hub.url}/hub/api/user") == "refused"
    login, server = "__Host-jupyterhub-hub-login", f"__Host-jupyterhub-user-{user.hub_name}"
    for name in (login, "jupyterhub-hub-login", "tossed"):
        page.evaluate(_SET, [name, host])
    cookies = {(one.get("name"), one.get("domain")): one.get("value") for one in page.context.cookies()}
    assert cookies["tossed", f".{host}"] == "forged", "a page of a server may set cookies of no weight"
    assert {at for name, at in cookies if name == login} == {host}
    assert {at for name, at in cookies if name == server} == {own}
    assert "forged" not in (cookies[login, host], cookies[server, own])
    # By the address of before, and still signed in.
    other = page.context.new_page()
    other.goto(f"{hub.url}/user/{user.hub_name}/api/status")
    assert other.url.partition("?")[0] == place
    assert "kernels" in other.content()
    other.close()
    _closed_to_another(page, visited, user, place.replace("api/status", "lab"))


def _closed_to_another(page: Page, visited: Visited, user: User, place: str) -> None:
    another = next(one for one in visited.people if one.may and not one.admin and one != user)
    browser = page.context.browser
    assert browser
    theirs = page_of(browser)
    visited.enter(theirs, another)
    theirs.wait_for_url(f"{visited.hub.url}/hub/spawn**")
    answer = theirs.goto(place)
    assert answer
    assert (answer.status, urlsplit(theirs.url).hostname) == (403, urlsplit(visited.hub.url).hostname)
    theirs.context.close()
