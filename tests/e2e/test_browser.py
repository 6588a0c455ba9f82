"""What a data scientist does first: sign in over HTTPS, start a server, run a cell, find the file again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import browser_page
from tests.e2e.hub import Hub

pytestmark = pytest.mark.node


@pytest.fixture
def page(hub: Hub, tmp_path: Path) -> object:
    with browser_page(tmp_path, hub.authority) as opened:
        yield opened


def sign_in(page: Page, hub: Hub, password: str) -> None:
    page.goto(hub.url)
    page.fill("input[name=username]", hub.user)
    page.fill("input[name=password]", password)
    page.click("#login_submit")


def test_a_user_signs_in_starts_a_server_and_runs_a_cell(page: Page, hub: Hub, artifacts: Path) -> None:
    sign_in(page, hub, hub.password)
    page.wait_for_url("**/hub/spawn**")
    page.screenshot(path=artifacts / "profiles.png")
    page.click("form#spawn_form input[type=submit], form#spawn_form button[type=submit]")
    page.wait_for_url("**/user/**/lab**")
    page.click('.jp-LauncherCard[data-category="Notebook"]')
    cell = page.locator(".jp-Notebook .jp-Cell .cm-content").first
    cell.click()
    page.keyboard.type('print("the answer is", 6 * 7)')
    page.keyboard.press("Shift+Enter")
    output = page.locator(".jp-OutputArea-output").first
    expect(output).to_contain_text("the answer is 42")
    page.screenshot(path=artifacts / "cell.png")


def test_a_wrong_password_is_refused(page: Page, hub: Hub) -> None:
    sign_in(page, hub, "not the password")
    expect(page.locator(".login_error")).to_be_visible()
    assert "/hub/login" in page.url
