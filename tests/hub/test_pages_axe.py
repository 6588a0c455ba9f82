"""What axe-core finds on pages of a real hub in a real browser, light and dark; what a keyboard reaches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from chart.values import build
from tests.hub.running import More, RunningHub, running_hub
from tests.unit.documents import settings_of

PASSWORD = "what all testers type"
# Rules of WCAG 2.2 at the levels A and AA, and what axe-core counts as good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "async rules => (await axe.run(document, {runOnly: rules})).violations"


@pytest.fixture(scope="module", params=["iav-test", "aiv-prod"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    values = build(settings_of(request.param, {"auth": {"contact": "platform@aiv.example"}}))
    shared: dict[str, dict[str, Any]] = {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}
    config = shared if request.param == "iav-test" else {}
    folder = tmp_path_factory.mktemp(request.param)
    with running_hub(folder, values["hub"], config, More(values=values)) as running:
        yield running


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page(color_scheme=request.param)
        browser.close()


def is_shared(hub: RunningHub) -> bool:
    return hub.log.parent.name.startswith("iav-test")


def violations(page: Page) -> list[str]:
    page.add_script_tag(content=Path(os.environ["AXE_CORE"]).read_text(encoding="utf-8"))
    found = page.evaluate(RUN, RULES)
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize("path", ["/login", "/oauth_callback?error=access_denied", "/nowhere"])
def test_axe_finds_nothing(hub: RunningHub, page: Page, path: str) -> None:
    page.goto(f"{hub.url}/hub{path}")
    assert violations(page) == []


def test_the_keyboard_alone_signs_in_and_hears_why_not(hub: RunningHub, page: Page) -> None:
    page.context.clear_cookies()
    page.goto(f"{hub.url}/hub/login")
    if not is_shared(hub):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the sign-in"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "sign-in"
        return
    # Whoever opens the page can type at once.
    page.keyboard.type("nobody")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#login-error")
    assert "You are not signed in" in page.locator("[role=alert]").first.inner_text()
    assert violations(page) == []
