"""What people do in a browser: sign in, start a server, run a cell, stop it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.hub import Hub

_PROFILES = "#spawn_form input[name=profile]"
_START = "form#spawn_form input[type=submit], form#spawn_form button[type=submit]"


def sign_in(page: Page, hub: Hub, name: str, password: str) -> None:
    """Sign in by the hub's own form."""
    page.goto(hub.url)
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("#login_submit")


def sign_in_at_provider(page: Page, hub: Hub, name: str, password: str) -> None:
    """Let the hub lead to the identity provider, and sign in there."""
    page.goto(hub.url)
    page.click("a[href*='oauth_login']")
    page.wait_for_selector("#sign-in")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("#sign-in")


def offered(page: Page) -> list[str]:
    """Name the profiles that the page of a start offers."""
    found: list[str] = page.eval_on_selector_all(_PROFILES, "all => all.map(one => one.value)")
    return found


def choose(page: Page, slug: str) -> None:
    """Choose a profile."""
    page.check(f"{_PROFILES}[value='{slug}']")


def forge(page: Page, slug: str) -> None:
    """Ask by the page's own form for a profile that it does not offer."""
    page.eval_on_selector(_PROFILES, "(one, slug) => { one.value = slug; one.checked = true; }", slug)
    page.click(_START)


def start_server(page: Page) -> None:
    """Start with what is chosen, which is the default profile at first, and wait for JupyterLab."""
    page.click(_START)
    page.wait_for_url("**/user/**/lab**")


def run_cell(page: Page) -> None:
    """Make a notebook, and let its kernel compute."""
    page.click('.jp-LauncherCard[data-category="Notebook"]')
    # What is run before the kernel is connected is lost without a word.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.keyboard.type('print("the answer is", 6 * 7)')
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("the answer is 42")


def stop_server(page: Page, hub: Hub) -> None:
    """Stop the server on the hub's home page."""
    page.goto(f"{hub.url}/hub/home", wait_until="networkidle")  # the button works once its script is there
    page.click("#stop")
    expect(page.locator("#stop")).to_be_hidden()


def sign_out(page: Page, hub: Hub) -> None:
    """Sign out by the link that every page of the hub has."""
    page.goto(f"{hub.url}/hub/home")
    page.click("#logout")
    page.wait_for_url(lambda url: "/hub/log" in url)


def make_token(page: Page, hub: Hub) -> str:
    """Make a token on the hub's own page, as somebody does who writes a program."""
    page.goto(f"{hub.url}/hub/token", wait_until="networkidle")
    page.click("#request-token-form button[type=submit]")
    shown = page.locator("#token-result")
    expect(shown).to_be_visible()
    return shown.inner_text().strip()
