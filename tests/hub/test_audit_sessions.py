"""The end of a session in the audit trail: told once, with its reason, and again after the next sign-in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chart.values import build
from tests.hub.running import More, RunningHub, running_hub
from tests.hub.trail import browser, lines, sign_in
from tests.unit.documents import EVERYTHING, settings

PASSWORD = "what all testers type"
# As authenticators of ours do it: a round that finds somebody gone, and the question before an answer.
_LEAVING = """
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator

class Leaving(SharedPasswordAuthenticator):
    def departed(self, user, word, stopped):
        return None

    async def refresh_user(self, user, handler=None):
        if not pathlib.Path("gone").exists():
            return True
        word = pathlib.Path("gone").read_text()
        if word:
            handler.refusal = word
            self.departed(user, word, [])
        return False

c.JupyterHub.authenticator_class = Leaving
c.Authenticator.auth_refresh_age = 1
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    values = build(settings(EVERYTHING))
    config: dict[str, dict[str, Any]] = {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}
    with running_hub(tmp_path, values["hub"], config, More(values=values, then=_LEAVING)) as running:
        yield running


def test_the_end_of_a_session_is_told_once(hub: RunningHub, tmp_path: Path) -> None:
    for word, reason in (("account_disabled", "account_disabled"), ("", "not_confirmed")):
        before = len(lines(hub))
        (tmp_path / "gone").unlink(missing_ok=True)
        session = browser(hub, "203.0.113.7")
        assert sign_in(hub, session, "ada", PASSWORD).status_code == 302
        (tmp_path / "gone").write_text(word)
        time.sleep(1.2)
        for _ in range(3):
            answer = session.get(f"{hub.url}/hub/home", timeout=30, allow_redirects=False)
            assert "/hub/login" in answer.headers["Location"]
        ends = [line for line in lines(hub)[before:] if line["event"] == "session_end"]
        assert [(line["user"], line["outcome"], line["reason"]) for line in ends] == [
            ("ada", "refused", reason)
        ]
