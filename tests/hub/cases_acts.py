"""What a browser does in a row of the table: signing in, and everything that is no honest way of doing so."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.hub.cases import Act, Case
from tests.hub.cases_browser import STATE_COOKIE, Browser, Seen
from tests.hub.cases_world import OTHER, Hub, World
from tests.unit.documents import committed

CALLBACK = "/hub/oauth_callback"
# Whoever sees it unescaped on a page could have run code there.
MARK = "<script>marked()</script>"


@dataclass(frozen=True)
class Visit:
    """One row's person at one hub."""

    world: World
    hub: Hub
    case: Case

    @property
    def password(self) -> str:
        """The person's."""
        return self.world.passwords[self.case.person]

    def browser(self) -> Browser:
        """A fresh one."""
        return self.world.browser(self.hub)

    def answered(self, browser: Browser) -> Mapping[str, str]:
        """Let the person sign in at the provider; gives what it sends back with the browser."""
        answer = browser.answer_of_provider(self.case.person, self.password)
        assert answer.status_code == 302, answer.text
        return _query(answer.headers["Location"])


End = tuple[Browser, Seen]
"""The browser whose session counts, and what it shows."""


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _call_back(browser: Browser, sent: Mapping[str, str]) -> End:
    return browser, browser.visit(f"{CALLBACK}?{urlencode(sent)}")


def _sign_in(visit: Visit) -> End:
    browser = visit.browser()
    return browser, browser.sign_in(visit.case.person, visit.password)


def _wrong_password(visit: Visit) -> End:
    browser = visit.browser()
    return browser, browser.sign_in(visit.case.person, f"{visit.password}!")


def _without_cookie(visit: Visit) -> End:
    browser = visit.browser()
    sent = visit.answered(browser)
    browser.forget(STATE_COOKIE)
    return _call_back(browser, sent)


def _with_another_cookie(visit: Visit) -> End:
    browser, other = visit.browser(), visit.browser()
    sent = visit.answered(browser)
    other.to_provider()
    return _call_back(other, sent)


def _with_another_state(visit: Visit) -> End:
    browser = visit.browser()
    sent = visit.answered(browser)
    state = base64.urlsafe_b64encode(json.dumps({"state_id": "0" * 32}).encode()).decode()
    return _call_back(browser, {**sent, "state": state})


def _without(name: str) -> Callable[[Visit], End]:
    def act(visit: Visit) -> End:
        browser = visit.browser()
        sent = visit.answered(browser)
        return _call_back(browser, {key: value for key, value in sent.items() if key != name})

    return act


def _made_up_code(visit: Visit) -> End:
    browser = visit.browser()
    return _call_back(browser, {**visit.answered(browser), "code": "a-code-that-nobody-gave"})


def _code_of_another_application(visit: Visit) -> End:
    """A code that the same provider gave to another hub of the same tenant."""
    browser, other = visit.browser(), visit.browser()
    start = _query(browser.to_provider().url)
    auth = committed(OTHER)["auth"]
    host = committed(OTHER)["ingress"]["host"]
    page = f"https://login.microsoftonline.com/{auth['tenantId']}/oauth2/v2.0/authorize"
    asked = {
        **start,
        "client_id": auth["clientId"],
        "redirect_uri": f"https://{host}{CALLBACK}",
    }
    form = Seen(200, "", f"{page}?{urlencode(asked)}")
    sent = _query(other.type_at_provider(form, visit.case.person, visit.password).headers.get("Location", ""))
    return _call_back(browser, {"state": start["state"], "code": sent["code"]})


def _stolen_code(visit: Visit) -> End:
    """A thief began a sign-in of their own, and brings the code from the person's browser to its end."""
    thief, person = visit.browser(), visit.browser()
    state = _query(thief.to_provider().url)["state"]
    code = visit.answered(person)["code"]
    return _call_back(thief, {"state": state, "code": code})


def _attackers_link(visit: Visit) -> End:
    """A person who has begun to sign in follows a link that would sign them in as somebody else."""
    attacker, victim = visit.browser(), visit.browser()
    sent = visit.answered(attacker)
    victim.to_provider()
    return _call_back(victim, sent)


def _second_time(visit: Visit) -> End:
    first, second = visit.browser(), visit.browser()
    sent = visit.answered(first)
    _call_back(first, sent)
    assert first.me(), "the first time the code is good"
    for cookie in first.session.cookies:
        if cookie.name == "_xsrf":
            second.session.cookies.set_cookie(cookie)
    state = _query(second.to_provider().url)["state"]
    return _call_back(second, {"state": state, "code": sent["code"]})


def _error(visit: Visit) -> End:
    browser = visit.browser()
    state = _query(browser.to_provider().url)["state"]
    said = {"error": "access_denied", "error_description": f"No. {MARK}", "state": state}
    return _call_back(browser, said)


def _made_up_session(visit: Visit) -> End:
    browser = visit.browser()
    browser.visit("/hub/login")
    place = urlsplit(visit.hub.running.url)
    for name in ("jupyterhub-hub-login", "jupyterhub-session-id"):
        browser.session.cookies.set(
            name, "2|1:0|10:1|4:name|8:bmFtZQ==|0", domain=place.hostname, path="/hub/"
        )
    return browser, browser.visit("/hub/login")


def _name_in_the_form(visit: Visit) -> End:
    """What a hub with passwords of its own would take."""
    browser = visit.browser()
    browser.visit("/hub/login")
    token = next(one.value for one in browser.session.cookies if one.name == "_xsrf")
    form = {"username": visit.case.person, "password": visit.password, "_xsrf": token}
    answer = browser.ask("POST", "/hub/login", data=form)
    return browser, Seen(answer.status_code, answer.text, answer.url)


ACTS: Mapping[Act, Callable[[Visit], End]] = {
    "sign in": _sign_in,
    "wrong password": _wrong_password,
    "without the state's cookie": _without_cookie,
    "with another's cookie of a state": _with_another_cookie,
    "with another state": _with_another_state,
    "without a state": _without("state"),
    "without a code": _without("code"),
    "with a made-up code": _made_up_code,
    "with the code of another application": _code_of_another_application,
    "with a code taken from another's browser": _stolen_code,
    "by a link with an attacker's code": _attackers_link,
    "with a code for the second time": _second_time,
    "with an error in the callback": _error,
    "with a made-up session": _made_up_session,
    "as a name in the form": _name_in_the_form,
}
