"""The lab's notice that its server will be stopped, as somebody meets it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

_SOON = {"again": 1, "ends": [{"what": "idle", "left": 290, "notice": 600, "id": "", "name": ""}]}
_WORDS = "Nobody uses this server. It will be stopped in about 5 minutes."


def answered_in_time(page: Page) -> float:
    """Let the lab believe that the end is near, press the button, and give the seconds that are left then.

    Only the time left is pretended: what is loaded, shown and pressed is real, and so is what the server
    answers to the button.
    """

    def near(route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(json=_SOON)
        else:
            route.continue_()

    page.route("**/server-use", near)
    # As when somebody comes back to a tab: the lab looks at once.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    notice = page.get_by_text(_WORDS)
    expect(notice).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(stops in 5 min\) "))
    with page.expect_response(
        lambda told: told.request.method == "POST" and "/server-use" in told.url
    ) as kept:
        page.get_by_role("button", name="Keep my server").click()
    expect(notice).to_have_count(0)
    expect(page).not_to_have_title(re.compile(r"^\(stops"))
    page.unroute("**/server-use")
    (idle,) = (one for one in kept.value.json()["ends"] if one["what"] == "idle")
    return float(idle["left"])
