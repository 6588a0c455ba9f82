"""What Prometheus sees of the trail at a real hub: sign-ins by reason, and tokens of an emergency."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from settings.monitoring import PROMETHEUS
from tests.hub.running import RunningHub
from tests.hub.test_administrators import TESTERS, a_hub, asked, glass
from tests.hub.trail import browser, lines, sign_in

_OURS = re.compile(r"^(jupyterhub_audit_\w+)(\{.*\})? (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with a_hub(tmp_path_factory.mktemp("hub"), {}) as running:
        yield running


def counted(hub: RunningHub) -> Mapping[str, float]:
    # Until the hub answers again, the end of the request before may not have been seen.
    lines(hub)
    text = hub.ask("GET", "/../metrics", PROMETHEUS).text
    return {name + labels: float(value) for name, labels, value in _OURS.findall(text)}


def sign_ins(outcome: str, reason: str) -> str:
    return f'jupyterhub_audit_sign_ins_total{{outcome="{outcome}",reason="{reason}"}}'


def test_every_series_is_there_before_anything_happens(hub: RunningHub) -> None:
    found = counted(hub)
    assert found["jupyterhub_audit_failures_total"] == 0
    assert found["jupyterhub_audit_break_glass_tokens"] == 0
    assert found["jupyterhub_audit_break_glass_uses_total"] == 0
    for reason in ("wrong_password", "not_allowed", "form_expired", "other"):
        assert found[sign_ins("refused", reason)] == 0
    assert found[sign_ins("success", "")] == 0


def test_sign_ins_are_counted_by_their_reason(hub: RunningHub) -> None:
    before = counted(hub)
    assert sign_in(hub, browser(hub), "ada", TESTERS).status_code == 302
    assert sign_in(hub, browser(hub), "ada", "another password").status_code == 403
    assert sign_in(hub, browser(hub), "nobody-here", TESTERS).status_code == 403
    after = counted(hub)
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)}
    assert grown == {
        sign_ins("success", ""): 1,
        sign_ins("refused", "wrong_password"): 1,
        sign_ins("refused", "not_allowed"): 1,
    }


def test_a_token_of_an_emergency_is_seen_while_it_is_good_and_when_it_is_used(hub: RunningHub) -> None:
    made = glass(hub, "make", "--minutes", "5", "--purpose", "to be counted")
    found = counted(hub)
    assert found["jupyterhub_audit_break_glass_tokens"] == 1
    assert found["jupyterhub_audit_break_glass_uses_total"] == 0
    assert asked(hub, made["token"], "GET", "/users") == 200
    assert counted(hub)["jupyterhub_audit_break_glass_uses_total"] == 1
    glass(hub, "revoke")
    assert counted(hub)["jupyterhub_audit_break_glass_tokens"] == 0
