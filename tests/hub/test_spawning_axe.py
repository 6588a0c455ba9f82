"""The page with the options in a real browser: what axe-core finds, and what a keyboard reaches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.hub.running import RunningHub
from tests.hub.starting import PASSWORD, holder, hub_of, node
from tests.hub.test_pages_axe import page, violations
from tests.hub.test_spawning import PROFILES, STARTS, option

__all__ = ["page"]

SIZED = option(
    "sized",
    sizes=[
        {
            "name": "Large",
            "slug": "large",
            "cpu": {"guarantee": "50m", "limit": "1"},
            "memory": {"guarantee": "1Gi", "limit": "2Gi"},
        }
    ],
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    said = {"nodes": [node(2)], "pods": [holder(1)], "starts": STARTS}
    with hub_of(tmp_path_factory.mktemp("axe"), said, {"profiles": [*PROFILES, SIZED]}) as running:
        yield running


@pytest.fixture
def inside(hub: RunningHub, page: Page) -> Page:
    page.context.clear_cookies()
    page.goto(f"{hub.url}/hub/login")
    page.fill("#username_input", "sees")
    page.fill("#password_input", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/hub/spawn**")
    return page


def test_axe_finds_nothing_on_the_page_with_the_options(inside: Page) -> None:
    assert violations(inside) == []


def test_the_keyboard_passes_over_what_cannot_start(inside: Page) -> None:
    inside.focus("#profile-item-one")
    inside.keyboard.press("ArrowDown")
    assert inside.evaluate("document.activeElement.value") == "sized"
    inside.keyboard.press("Tab")
    inside.keyboard.press("ArrowDown")
    assert inside.evaluate("document.activeElement.value") == "large"


def test_a_choice_inside_an_option_chooses_the_option(inside: Page) -> None:
    inside.select_option("#profile-option-sized--size", "large")
    assert inside.is_checked("#profile-item-sized")


def test_a_start_that_fails_is_read_out_with_its_reason(inside: Page) -> None:
    inside.check("#profile-item-gone")
    inside.click("button[type=submit]")
    expect(inside.locator("#not-started")).to_contain_text("notebook:9 is not there", timeout=60_000)
    assert inside.locator("#not-started").get_attribute("role") == "alert"
    assert violations(inside) == []
    inside.get_by_text("Choose again").click()
    inside.wait_for_url("**/hub/spawn/**")
