"""How long somebody waits for the first results of a new notebook."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

# What is typed, and what its output holds.
CELLS = {
    "1 + 1": ("1 + 1", "2"),
    "import pandas": ("import pandas; pandas.Series([40, 2]).sum()", "42"),
}


def first_cells(page: Page, lab: str) -> dict[str, float]:
    """Seconds from the click on a new notebook to each output, one after the other, with the typing."""
    page.goto(f"{lab}?reset")
    card = page.locator('.jp-LauncherCard[data-category="Notebook"]').first
    expect(card).to_be_visible()
    outputs = page.locator(".jp-OutputArea-executeResult .jp-OutputArea-output")
    click, taken = time.monotonic(), {}
    card.click()
    # What is run before the kernel is connected is lost without a word.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    for place, (name, (source, output)) in enumerate(CELLS.items()):
        page.keyboard.type(source)
        page.keyboard.press("Shift+Enter")
        expect(outputs.nth(place)).to_contain_text(output)
        taken[name] = time.monotonic() - click
    return taken
