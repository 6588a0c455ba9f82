"""What a sign-in is made of is not in the hub's ordinary log, whoever writes the line."""

from __future__ import annotations

import logging
import sys

import pytest
import requests

from chart.values import build
from tests.hub.running import More, running_hub
from tests.unit.documents import PROJECT, settings_of

sys.path.insert(0, str(PROJECT / "files" / "hub"))
from scrubbed_log import Scrubbed


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        (
            "403 GET /cb?code=0.AXo-_x&state=eyJ%3D (1.2.3.4)",
            "403 GET /cb?code=[secret]&state=[secret] (1.2.3.4)",
        ),
        ("uri='/cb?state=abc', x", "uri='/cb?state=[secret]', x"),
        ("a refresh_token=xyz&a=1", "a refresh_token=[secret]&a=1"),
        ("code=[secret] 100% of %s", "code=[secret] 100% of %s"),
        ("status code 5, state: running", "status code 5, state: running"),
        ("new xsrf cookie for b'abc:def' {'path'}", "new xsrf cookie for [secret] {'path'}"),
    ],
)
def test_values_are_replaced_and_nothing_else(line: str, clean: str) -> None:
    record = logging.LogRecord("x", 20, "x", 1, "%s", (line,), None)
    assert Scrubbed().filter(record)
    assert record.getMessage() == clean


def test_a_refused_way_back_leaves_neither_code_nor_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    values = build(settings_of("aiv-prod"))
    with running_hub(tmp_path_factory.mktemp("hub"), values["hub"], {}, More(values=values)) as hub:
        asked = {"code": "the-code-of-somebody", "state": "the-state-of-somebody"}
        with requests.Session() as session:
            assert session.get(f"{hub.url}/hub/oauth_callback", params=asked, timeout=30).status_code == 400
            session.get(f"{hub.url}/hub/login", timeout=30)
            kept = {cookie.value or "" for cookie in session.cookies}
        log = hub.log.read_text()
        assert "oauth_callback" in log
        for secret in (*asked.values(), *kept):
            assert secret not in log
